#include "hosts/ipv4.hpp"

#include <gtest/gtest.h>

namespace clustermpi {
namespace {

TEST(ParseIpv4, TakesFourNumbersAndNothingElse) {
  EXPECT_EQ(parse_ipv4("192.168.1.10"), 0xc0a8010au);
  EXPECT_EQ(parse_ipv4("0.0.0.0"), 0u);
  EXPECT_EQ(parse_ipv4("255.255.255.255"), 0xffffffffu);
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", ".1.2.3", "1..2.3",
                          "a.b.c.d", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "01.2.3.4", "1.2.3.4/24"})
    EXPECT_EQ(parse_ipv4(bad), std::nullopt) << bad;
}

TEST(Ipv4Network, ContainsItsAddressesAndSmallerNetworks) {
  const Ipv4Network network = *parse_ipv4_network("192.168.0.0/23");
  EXPECT_TRUE(network.contains(*parse_ipv4("192.168.1.255")));
  EXPECT_FALSE(network.contains(*parse_ipv4("192.168.2.0")));
  EXPECT_TRUE(network.contains(*parse_ipv4_network("192.168.1.0/24")));
  EXPECT_FALSE(network.contains(*parse_ipv4_network("192.168.0.0/16")));
}

TEST(Ipv4Network, CutsHostBitsOff) {
  EXPECT_EQ(to_string(*parse_ipv4_network("192.168.1.77/24")), "192.168.1.0/24");
  EXPECT_EQ(to_string(network_of(0xffffffff, 0)), "0.0.0.0/0");
  EXPECT_EQ(to_string(network_of(0xc0a8010a, 32)), "192.168.1.10/32");
}

}  // namespace
}  // namespace clustermpi
