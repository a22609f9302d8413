#include "provision/steps/install.hpp"

#include <gtest/gtest.h>

namespace clustermpi {
namespace {

TEST(PackagesOfVenv, SaysFromWhereTheyCame) {
  const auto of = [](const std::string& current) {
    return packages_of_venv({"venv", "~/ENV3", "-", current});
  };
  EXPECT_EQ(of("debian:mpi4py,0123"), "mpi4py from Debian");
  EXPECT_EQ(of("index:mpi4py,debian:numpy,index:colour,0123"),
            "mpi4py, colour from the package index; numpy from Debian");
  EXPECT_EQ(of("0123"), "");
  EXPECT_EQ(of("-"), "");
}

}  // namespace
}  // namespace clustermpi
