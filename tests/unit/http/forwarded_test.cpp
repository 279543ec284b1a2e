#include "http/forwarded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indrik::http {
namespace {

using ::testing::HasSubstr;

/// "for|proto|host" of each hop, or "malformed".
std::string read(std::string_view value) {
  std::vector<ForwardedElement> elements;
  if (!parse_forwarded(value, elements)) return "malformed";
  std::string out;
  for (const auto& element : elements)
    out += (out.empty() ? "" : " ") + element.node + "|" + element.proto + "|" + element.host;
  return out;
}

TEST(ForwardedTest, ReadsTheExamplesOfItsRfc) {  // RFC 7239 4 and 7.1
  EXPECT_EQ(read(R"(for="_gazonk")"), "_gazonk||");
  EXPECT_EQ(read(R"(For="[2001:db8:cafe::17]:4711")"), "[2001:db8:cafe::17]:4711||");
  EXPECT_EQ(read("for=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60|http|");
  EXPECT_EQ(read("for=192.0.2.43, for=198.51.100.17"), "192.0.2.43|| 198.51.100.17||");
  EXPECT_EQ(read(R"(for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown)"),
            "192.0.2.43|| [2001:db8:cafe::17]|| unknown||");
}

TEST(ForwardedTest, KnowsNamesInAnyCaseAndLeavesOutWhatItDoesNotKnow) {
  EXPECT_EQ(read("FOR=a;Proto=HTTPS;hOsT=b;secret=\"x,y;z\""), "a|HTTPS|b");
}

TEST(ForwardedTest, TakesSeparatorsInQuotesForText) {
  EXPECT_EQ(read(R"(host="a,for=1.2.3.4;x", for=b)"), "||a,for=1.2.3.4;x b||");
  EXPECT_EQ(read(R"(host="a\"b\\c")"), R"(||a"b\c)");
}

TEST(ForwardedTest, TakesAddressesWithoutQuotesAsManySendThem) {
  EXPECT_EQ(read("for=[2001:db8::1]:80;host=a:8080"), "[2001:db8::1]:80||a:8080");
}

TEST(ForwardedTest, CountsNoHopBetweenSeparatorsAlone) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read(" , ,for=a, ;; ,"), "a||");
  EXPECT_EQ(read("for=a ; proto=http\t;"), "a|http|");
  EXPECT_EQ(read(";for=a"), "a||");
}

TEST(ForwardedTest, CountsAHopThatDoesNotNameItself) { EXPECT_EQ(read("proto=https"), "|https|"); }

TEST(ForwardedTest, RefusesWhatBreaksTheGrammar) {
  for (const auto* value :
       {"for", "for=", "=a", "for =a", "for= a", "for=a b", "for=\"a", "for=\"a\\", "for=\"a\"b", "for=a=b",
        "for=a;for=b", "for=a;FOR=a", "x=1;X=2", "for=a proto=b", "for=a@b", "\"for\"=a", "for=(a)"})
    EXPECT_EQ(read(value), "malformed") << value;
}

TEST(ForwardedTest, RefusesAHopThatTellsVeryMuch) {
  std::string value = "for=a";
  for (int i = 1; i < 16; ++i) value += ";x" + std::to_string(i) + "=1";
  EXPECT_EQ(read(value), "a||");
  EXPECT_EQ(read(value + ";y=1"), "malformed");
}

TEST(ForwardedFieldsTest, AreNamedWithoutCase) {
  const auto fields = ForwardedFields::parse(std::vector<std::string>{"x-forwarded-for", "FORWARDED"});
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields->contains(ForwardedField::forwarded));
  EXPECT_TRUE(fields->contains(ForwardedField::x_forwarded_for));
  EXPECT_FALSE(fields->contains(ForwardedField::x_forwarded_proto));
  EXPECT_FALSE(fields->contains(ForwardedField::script_name));
}

TEST(ForwardedFieldsTest, SayWhichNameIsWrongAndWhichThereAre) {
  const auto fields = ForwardedFields::parse(std::vector<std::string>{"X-Real-IP"});
  ASSERT_FALSE(fields);
  EXPECT_THAT(fields.error().text(), HasSubstr("'X-Real-IP'"));
  EXPECT_THAT(fields.error().text(), HasSubstr("X-Forwarded-Prefix, SCRIPT_NAME"));
}

TEST(ForwardedFieldsTest, AreNoneWithUnderscores) {
  EXPECT_EQ(forwarded_field("X_Forwarded_For"), std::nullopt);
  EXPECT_EQ(forwarded_field("script-name"), std::nullopt);
  EXPECT_EQ(forwarded_field("Script_Name"), ForwardedField::script_name);
}

}  // namespace
}  // namespace indrik::http
