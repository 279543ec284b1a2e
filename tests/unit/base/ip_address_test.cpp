#include "base/ip_address.h"

#include <gtest/gtest.h>

namespace indrik {
namespace {

using namespace std::string_view_literals;

std::string written(std::string_view text) {
  const auto endpoint = IpEndpoint::parse(text);
  return endpoint ? endpoint->text() : "none";
}

TEST(IpAddressTest, TakesOnlyWholeAddresses) {
  EXPECT_TRUE(IpAddress::parse("192.0.2.1"));
  EXPECT_TRUE(IpAddress::parse("2001:db8::1"));
  for (const auto text :
       {""sv, "192.0.2"sv, "192.0.2.01"sv, "192.0.2.256"sv, "192.0.2.1 "sv, "[::1]"sv, "fe80::1%eth0"sv, "::1::"sv,
        "localhost"sv, "192.0.2.1\0x"sv, "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"sv})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddressTest, TakesAMappedAddressForTheIpv4AddressItIs) {
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
  EXPECT_TRUE(IpAddress::parse("::ffff:192.0.2.1")->is_v4());
  EXPECT_FALSE(IpAddress::parse("::192.0.2.1")->is_v4());
  EXPECT_NE(IpAddress::parse("::1"), IpAddress::parse("0.0.0.1"));
}

TEST(IpEndpointTest, WritesIpv6InBracketsAndNoPortThatIsNotKnown) {
  EXPECT_EQ(written("192.0.2.1:4711"), "192.0.2.1:4711");
  EXPECT_EQ(written("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(written("[2001:DB8::1]:4711"), "[2001:db8::1]:4711");
  EXPECT_EQ(written("[2001:db8::1]"), "[2001:db8::1]");
  EXPECT_EQ(written("2001:db8::1"), "[2001:db8::1]");
  EXPECT_EQ(written("[::ffff:192.0.2.1]:80"), "192.0.2.1:80");
}

TEST(IpEndpointTest, RefusesEverythingElse) {
  for (const auto text :
       {""sv, ":80"sv, "192.0.2.1:"sv, "192.0.2.1:0"sv, "192.0.2.1:65536"sv, "192.0.2.1:+1"sv, "192.0.2.1:1:2"sv,
        "[192.0.2.1]:80"sv, "[::1"sv, "[::1]80"sv, "[::1]:"sv, "unknown"sv, "_a:1"sv})
    EXPECT_EQ(written(text), "none") << text;
}

}  // namespace
}  // namespace indrik
