// What a function refuses, as a user reads it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "hosts/error.hpp"

namespace clustermpi::test {

/// "MESSAGE / HINT" of the usage error that `write` throws.
inline std::string refusal(const std::function<void()>& write) {
  try {
    write();
    return "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return std::string(error.what()) + " / " + error.hint();
  }
}

}  // namespace clustermpi::test
