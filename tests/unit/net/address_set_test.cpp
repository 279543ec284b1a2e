#include "net/address_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indrik::net {
namespace {

using ::testing::HasSubstr;

AddressSet set_of(const std::vector<std::string>& entries) { return AddressSet::parse(entries).value_or(AddressSet{}); }

bool holds(const std::vector<std::string>& entries, std::string_view peer) {
  return set_of(entries).contains_peer(peer);
}

std::string error_of(const std::string& entry) {
  const auto set = AddressSet::parse(std::vector<std::string>{"127.0.0.1", entry});
  return set ? "accepted" : set.error().text();
}

TEST(AddressSetTest, HoldsNobodyWhenNobodyIsNamed) {
  EXPECT_TRUE(AddressSet{}.empty());
  EXPECT_FALSE(holds({}, "127.0.0.1:1"));
  EXPECT_FALSE(holds({}, ""));
}

TEST(AddressSetTest, HoldsSingleAddresses) {
  EXPECT_TRUE(holds({"192.0.2.1", "::1"}, "192.0.2.1:4711"));
  EXPECT_TRUE(holds({"192.0.2.1", "::1"}, "[::1]:4711"));
  EXPECT_FALSE(holds({"192.0.2.1", "::1"}, "192.0.2.2:4711"));
  EXPECT_FALSE(holds({"192.0.2.1", "::1"}, "[::2]:4711"));
}

TEST(AddressSetTest, HoldsTheNetworkAndNothingBeside) {
  EXPECT_TRUE(holds({"10.1.128.0/17"}, "10.1.128.0:1"));
  EXPECT_TRUE(holds({"10.1.128.0/17"}, "10.1.255.255:1"));
  EXPECT_FALSE(holds({"10.1.128.0/17"}, "10.1.127.255:1"));
  EXPECT_FALSE(holds({"10.1.128.0/17"}, "10.2.0.0:1"));
  EXPECT_TRUE(holds({"2001:db8::/33"}, "[2001:db8:7fff::1]:1"));
  EXPECT_FALSE(holds({"2001:db8::/33"}, "[2001:db8:8000::1]:1"));
}

TEST(AddressSetTest, KnowsIpv4AsADualStackSocketTellsIt) {
  EXPECT_TRUE(holds({"192.0.2.0/24"}, "[::ffff:192.0.2.9]:1"));
  EXPECT_TRUE(holds({"::ffff:192.0.2.0/120"}, "192.0.2.9:1"));
}

TEST(AddressSetTest, KeepsTheFamiliesApart) {
  EXPECT_TRUE(holds({"0.0.0.0/0"}, "203.0.113.1:1"));
  EXPECT_FALSE(holds({"0.0.0.0/0"}, "[2001:db8::1]:1"));
  EXPECT_TRUE(holds({"::/0"}, "[2001:db8::1]:1"));
  EXPECT_FALSE(holds({"::/0"}, "203.0.113.1:1"));
}

TEST(AddressSetTest, HoldsUnixPeersOnlyByName) {
  EXPECT_TRUE(holds({"unix"}, ""));
  EXPECT_FALSE(holds({"unix"}, "127.0.0.1:1"));
  EXPECT_FALSE(holds({"0.0.0.0/0", "::/0"}, ""));
}

TEST(AddressSetTest, HoldsEverybodyByStar) {
  for (const auto* peer : {"", "203.0.113.1:1", "[2001:db8::1]:1"}) EXPECT_TRUE(holds({"*"}, peer));
}

TEST(AddressSetTest, NamesTheWrongEntryAndSaysWhy) {
  EXPECT_THAT(error_of("proxy.example"), HasSubstr("'proxy.example': no IP address (names are not looked up)"));
  EXPECT_THAT(error_of("10.0.0.0/33"), HasSubstr("'10.0.0.0/33': the length is no number from 0 to 32"));
  EXPECT_THAT(error_of("::/129"), HasSubstr("from 0 to 128"));
  EXPECT_THAT(error_of("10.0.0.0/"), HasSubstr("from 0 to 32"));
  EXPECT_THAT(error_of("10.0.0.1/8"), HasSubstr("bits beyond the network's length"));
  EXPECT_THAT(error_of("127.0.0.1:80"), HasSubstr("no IP address"));
  EXPECT_THAT(error_of(""), HasSubstr("accepted are addresses, networks"));
}

}  // namespace
}  // namespace indrik::net
