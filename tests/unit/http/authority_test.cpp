#include "http/authority.h"

#include <gtest/gtest.h>

namespace indrik::http {
namespace {

TEST(AuthorityTest, TakesNamesAndAddressesWithAndWithoutPort) {
  for (const auto* text : {"", "a", "a.b:80", "a:", "127.0.0.1:65535", "999.1", "%41b", "a_b", "[::]", "[::1]:80",
                           "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[1::8]:", "[ABCD::ef01]",
                           "[::ffff:192.0.2.1]", "[1:2:3:4:5:6:192.0.2.1]", "[64:ff9b::192.0.2.33]"})
    EXPECT_TRUE(is_host_and_port(text)) << text;
}

TEST(AuthorityTest, RefusesWhatIsNone) {
  for (const auto* text :
       {":80",  "a:b", "a:65536", "a:-1", "a:80:80", "a b", "a,b",  "a/b",     "u@a",     "a%",           "a%4",
        "a%4g", "[",   "[]",      "[:]",  "[1]",     "::1", "[::1", "[::1]80", "[::1]:x", "[::1%25eth0]", "[v1.a]"})
    EXPECT_FALSE(is_host_and_port(text)) << text;
}

TEST(AuthorityTest, RefusesWhatIsNoIpv6Address) {
  for (const auto* text : {"[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4::5:6:7:8]", "[1::2::3]", "[:::]",
                           "[:::1]", "[1:::2]", "[:1]", "[1::2:]", "[12345::]", "[g::]", "[::1.2.3]", "[::1.2.3.4.5]",
                           "[::256.1.1.1]", "[::01.2.3.4]", "[::1.2.3.4:5]", "[1:2:3:4:5:6:7:1.2.3.4]", "[::1.2.3.]"})
    EXPECT_FALSE(is_host_and_port(text)) << text;
}

TEST(AuthorityTest, AsksForAPortInAuthorityForm) {
  for (const auto* text : {"a:80", "[::1]:443"}) EXPECT_TRUE(is_authority_form(text)) << text;
  for (const auto* text : {"a", "a:", "[::1]", "[::1]:", "", ":80"}) EXPECT_FALSE(is_authority_form(text)) << text;
}

}  // namespace
}  // namespace indrik::http
