#include "net/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace indrik::net {
namespace {

using ::testing::HasSubstr;

std::string text_of(std::string_view written) {
  const auto address = Address::parse(written);
  return address ? address->text() : "error: " + address.error().text();
}

TEST(AddressTest, WritesEveryKindAsItWasGiven) {
  for (const auto* text : {"127.0.0.1:80", "[::1]:8080", "unix:/run/a.sock", "fd://3"}) EXPECT_EQ(text_of(text), text);
}

TEST(AddressTest, TakesLocalhostForTheLoopbackAndNoHostForEveryAddress) {
  EXPECT_EQ(text_of("localhost:80"), "127.0.0.1:80");
  EXPECT_EQ(text_of(":80"), "0.0.0.0:80");
}

TEST(AddressTest, WritesOneIpv6AddressInOneWay) { EXPECT_EQ(text_of("[0:0:0:0:0:0:0:1]:80"), "[::1]:80"); }

TEST(AddressTest, SaysWhatIsAccepted) {
  EXPECT_THAT(text_of("8080"), HasSubstr("accepted are HOST:PORT, [IPV6]:PORT, unix:PATH and fd://N"));
}

TEST(AddressTest, RefusesWhatIsNoAddressAndSaysWhy) {
  EXPECT_THAT(text_of("127.0.0.1"), HasSubstr("no port"));
  EXPECT_THAT(text_of("[::1]"), HasSubstr("no port"));
  EXPECT_THAT(text_of("127.0.0.1:65536"), HasSubstr("0 to 65535"));
  EXPECT_THAT(text_of("127.0.0.1:"), HasSubstr("0 to 65535"));
  EXPECT_THAT(text_of("127.0.0.1: 80"), HasSubstr("0 to 65535"));
  EXPECT_THAT(text_of("example.org:80"), HasSubstr("not looked up"));
  EXPECT_THAT(text_of("::1:80"), HasSubstr("in brackets"));
  EXPECT_THAT(text_of("[127.0.0.1]:80"), HasSubstr("no IPv6 address"));
  EXPECT_THAT(text_of("unix:"), HasSubstr("no path"));
  EXPECT_THAT(text_of("unix:" + std::string(108, 'a')), HasSubstr("longer than 107 bytes"));
  EXPECT_THAT(text_of("fd://-1"), HasSubstr("no descriptor"));
  EXPECT_THAT(text_of("fd://x"), HasSubstr("no descriptor"));
}

TEST(AddressTest, KeepsControlCharactersOutOfItsErrors) { EXPECT_THAT(text_of("a\nb"), HasSubstr("'a\\x0ab'")); }

TEST(AddressTest, ReadsWhatTheKernelSaysOfAPeer) {
  const auto inet = Address::parse("192.0.2.1:4711");
  sockaddr_storage raw{};
  std::memcpy(&raw, inet->raw(), inet->raw_size());
  EXPECT_EQ(Address::from_sockaddr(raw, inet->raw_size()).text(), "192.0.2.1:4711");
}

TEST(AddressTest, GivesAnUnnamedUnixPeerAnEmptyPath) {
  sockaddr_storage raw{};
  raw.ss_family = AF_UNIX;
  const auto peer = Address::from_sockaddr(raw, sizeof(sa_family_t));
  EXPECT_EQ(peer.kind(), Address::Kind::unix_path);
  EXPECT_EQ(peer.path(), "");
}

}  // namespace
}  // namespace indrik::net
