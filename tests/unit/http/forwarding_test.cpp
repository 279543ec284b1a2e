#include "http/forwarding.h"

#include <gtest/gtest.h>

#include <vector>

namespace indrik::http {
namespace {

/// Proxies are in 10.0.0.0/8 here.
bool is_proxy(const IpAddress& address) { return address.is_v4() && address.bytes()[12] == 10; }

ForwardedFields all() {
  return *ForwardedFields::parse(std::vector<std::string>{"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto",
                                                          "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix",
                                                          "SCRIPT_NAME"});
}

/// "client scheme host prefix", "-" for what was not told.
std::string read(const std::vector<Field>& fields, ForwardedFields believed = all()) {
  Forwarding told;
  if (read_forwarding(fields, believed, is_proxy, told) != ParseError::none) return "refused";
  const auto or_dash = [](std::string_view text) { return text.empty() ? "-" : std::string{text}; };
  return (told.client ? told.client->text() : "-") + " " + or_dash(told.scheme) + " " + or_dash(told.host) + " " +
         or_dash(told.prefix) + (told.prefix_in_path ? "*" : "");
}

TEST(ForwardingTest, SaysNothingWithoutSuchFields) {
  EXPECT_EQ(read({}), "- - - -");
  EXPECT_EQ(read({{"Host", "a"}, {"X-Real-IP", "192.0.2.1"}, {"X_Forwarded_For", "192.0.2.1"}}), "- - - -");
}

TEST(ForwardingTest, FindsTheClientBehindTrustedHops) {
  EXPECT_EQ(read({{"X-Forwarded-For", "192.0.2.1"}}), "192.0.2.1 - - -");
  EXPECT_EQ(read({{"X-Forwarded-For", "192.0.2.1, 10.0.0.1, 10.0.0.2"}}), "192.0.2.1 - - -");
  EXPECT_EQ(read({{"Forwarded", "for=\"192.0.2.1:4711\", for=10.0.0.1"}}), "192.0.2.1:4711 - - -");
}

TEST(ForwardingTest, BelievesNothingBeyondTheFirstHopThatIsNotTrusted) {
  EXPECT_EQ(read({{"X-Forwarded-For", "198.51.100.7, 192.0.2.1, 10.0.0.1"}}), "192.0.2.1 - - -");
  EXPECT_EQ(read({{"X-Forwarded-For", "10.0.0.9, 192.0.2.1"}}), "192.0.2.1 - - -");
  EXPECT_EQ(read({{"Forwarded", "for=198.51.100.7;proto=https, for=192.0.2.1"}}), "192.0.2.1 - - -");
}

TEST(ForwardingTest, ReadsSeveralFieldsAsOneList) {
  EXPECT_EQ(read({{"X-Forwarded-For", "192.0.2.1"}, {"Accept", "*/*"}, {"x-forwarded-for", "10.0.0.1"}}),
            "192.0.2.1 - - -");
  EXPECT_EQ(read({{"Forwarded", "for=192.0.2.1"}, {"Forwarded", "for=10.0.0.1"}}), "192.0.2.1 - - -");
}

TEST(ForwardingTest, TakesTheFurthestHopWhereAllAreTrusted) {
  EXPECT_EQ(read({{"X-Forwarded-For", "10.0.0.3, 10.0.0.2, 10.0.0.1"}}), "10.0.0.3 - - -");
}

TEST(ForwardingTest, StopsAtAHopWithoutAnAddress) {
  EXPECT_EQ(read({{"X-Forwarded-For", "192.0.2.1, unknown, 10.0.0.1"}}), "10.0.0.1 - - -");
  EXPECT_EQ(read({{"Forwarded", "for=192.0.2.1, for=_hidden"}}), "- - - -");
  EXPECT_EQ(read({{"Forwarded", "for=192.0.2.1, by=10.0.0.1, for=10.0.0.2"}}), "10.0.0.2 - - -");
  EXPECT_EQ(read({{"X-Forwarded-For", "192.0.2.1, <script>"}}), "- - - -");
}

TEST(ForwardingTest, TakesTheSchemeOfTheClientsHop) {
  EXPECT_EQ(read({{"X-Forwarded-Proto", "HTTPS"}}), "- https - -");
  EXPECT_EQ(read({{"X-Forwarded-For", "192.0.2.1, 10.0.0.1"}, {"X-Forwarded-Proto", "https, http"}}),
            "192.0.2.1 https - -");
  EXPECT_EQ(read({{"Forwarded", "for=192.0.2.1;proto=https, for=10.0.0.1;proto=http"}}), "192.0.2.1 https - -");
}

TEST(ForwardingTest, TakesTheNearestSchemeWhereTheHopsDoNotMatch) {
  EXPECT_EQ(read({{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Proto", "https, http"}}), "192.0.2.1 http - -");
  EXPECT_EQ(read({{"Forwarded", "for=192.0.2.1, for=10.0.0.1;proto=http, for=10.0.0.2;proto=https"}}),
            "192.0.2.1 https - -");
}

TEST(ForwardingTest, TakesHostAndPort) {
  EXPECT_EQ(read({{"X-Forwarded-Host", "a.example:81"}}), "- - a.example:81 -");
  EXPECT_EQ(read({{"Forwarded", "host=\"a.example:81\""}}), "- - a.example:81 -");
  EXPECT_EQ(read({{"X-Forwarded-Host", "a.example:81"}, {"X-Forwarded-Port", "8443"}}), "- - a.example:8443 -");
  EXPECT_EQ(read({{"Host", "b:8080"}, {"X-Forwarded-Port", "443"}, {"X-Forwarded-Proto", "https"}}), "- https b -");
  EXPECT_EQ(read({{"Host", "[::1]"}, {"X-Forwarded-Port", "443"}}), "- - [::1]:443 -");
  EXPECT_EQ(read({{"Host", "[::1]:8080"}, {"X-Forwarded-Port", "80"}}), "- - [::1] -");
  EXPECT_EQ(read({{"X-Forwarded-Port", "443"}}), "- - - -") << "HTTP/1.0 without a host";
}

TEST(ForwardingTest, TakesAPrefix) {
  EXPECT_EQ(read({{"X-Forwarded-Prefix", "/app"}}), "- - - /app");
  EXPECT_EQ(read({{"X-Forwarded-Prefix", "/a/b/"}}), "- - - /a/b");
  EXPECT_EQ(read({{"X-Forwarded-Prefix", "/"}}), "- - - -");
  EXPECT_EQ(read({{"X-Forwarded-Prefix", "/.well-known/..."}}), "- - - /.well-known/...");
  EXPECT_EQ(read({{"SCRIPT_NAME", "/app"}}), "- - - /app*");
  EXPECT_EQ(read({{"SCRIPT_NAME", "/app"}, {"X-Forwarded-Prefix", "/app"}}), "- - - /app*");
}

TEST(ForwardingTest, RefusesWhatCannotBe) {
  for (const Field& field : {Field{"X-Forwarded-Proto", "ftp"},     Field{"X-Forwarded-Proto", "https;x"},
                             Field{"X-Forwarded-Host", "a b"},      Field{"X-Forwarded-Host", "a/b"},
                             Field{"X-Forwarded-Host", "user@a"},   Field{"X-Forwarded-Port", "0"},
                             Field{"X-Forwarded-Port", "65536"},    Field{"X-Forwarded-Port", "+80"},
                             Field{"X-Forwarded-Prefix", "app"},    Field{"X-Forwarded-Prefix", "//evil.example"},
                             Field{"X-Forwarded-Prefix", "/a//b"},  Field{"X-Forwarded-Prefix", "/a/../b"},
                             Field{"X-Forwarded-Prefix", "/."},     Field{"X-Forwarded-Prefix", "/a/.%2E/b"},
                             Field{"X-Forwarded-Prefix", "/a?b"},   Field{"X-Forwarded-Prefix", "/\\evil.example"},
                             Field{"X-Forwarded-Prefix", "/a b"},   Field{"SCRIPT_NAME", "http://evil.example"},
                             Field{"Forwarded", "for=\"192.0.2.1"}, Field{"Forwarded", "proto=gopher"},
                             Field{"Forwarded", "host=\"a b\""}})
    EXPECT_EQ(read({field}), "refused") << field.name << ": " << field.value;
}

TEST(ForwardingTest, RefusesContradictions) {
  EXPECT_EQ(read({{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "192.0.2.2"}}), "refused");
  EXPECT_EQ(read({{"Forwarded", "proto=http"}, {"X-Forwarded-Proto", "https"}}), "refused");
  EXPECT_EQ(read({{"Forwarded", "host=a"}, {"X-Forwarded-Host", "b"}}), "refused");
  EXPECT_EQ(read({{"SCRIPT_NAME", "/a"}, {"X-Forwarded-Prefix", "/b"}}), "refused");
  EXPECT_EQ(read({{"Forwarded", "for=\"192.0.2.1:80\";proto=https"},
                  {"X-Forwarded-For", "192.0.2.1"},
                  {"X-Forwarded-Proto", "https"}}),
            "192.0.2.1:80 https - -");
}

TEST(ForwardingTest, HeedsOnlyWhatIsBelieved) {
  const auto believed = *ForwardedFields::parse(std::vector<std::string>{"X-Forwarded-For"});
  EXPECT_EQ(read({{"X-Forwarded-For", "192.0.2.1"},
                  {"Forwarded", "for=\"broken"},
                  {"X-Forwarded-Proto", "ftp"},
                  {"X-Forwarded-Host", "evil.example"},
                  {"X-Forwarded-Prefix", "//evil.example"}},
                 believed),
            "192.0.2.1 - - -");
}

}  // namespace
}  // namespace indrik::http
