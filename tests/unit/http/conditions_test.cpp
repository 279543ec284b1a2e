#include "http/conditions.h"

#include <gtest/gtest.h>

#include <vector>

namespace indrik::http {
namespace {

constexpr std::time_t kModified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::time_t kNow = kModified + 86400;
constexpr Validators kCurrent{.tag = "\"a\"", .modified = kModified};
constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kThen = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

Condition judged(const std::vector<Field>& fields, const Validators& current = kCurrent) {
  return judge_conditions({.method = "GET", .fields = fields}, current, kNow);
}
bool applies(const std::vector<Field>& fields, std::time_t now = kNow, const Validators& current = kCurrent) {
  return range_applies({.method = "GET", .fields = fields}, current, now);
}

TEST(ConditionsTest, AreMetWhereThereAreNone) { EXPECT_EQ(judged({}), Condition::met); }

TEST(ConditionsTest, IfNoneMatchComparesWeakly) {
  EXPECT_EQ(judged({{"If-None-Match", "\"a\""}}), Condition::not_modified);
  EXPECT_EQ(judged({{"if-none-match", "\"x\", W/\"a\""}}), Condition::not_modified);
  EXPECT_EQ(judged({{"If-None-Match", "*"}}), Condition::not_modified);
  EXPECT_EQ(judged({{"If-None-Match", "\"x\""}}), Condition::met);
  EXPECT_EQ(judged({{"If-None-Match", ""}}), Condition::met);
}

TEST(ConditionsTest, IfMatchComparesStrongly) {
  EXPECT_EQ(judged({{"If-Match", "\"a\""}}), Condition::met);
  EXPECT_EQ(judged({{"If-Match", "*"}}), Condition::met);
  EXPECT_EQ(judged({{"If-Match", "W/\"a\""}}), Condition::failed);
  EXPECT_EQ(judged({{"If-Match", "\"x\""}}), Condition::failed);
  EXPECT_EQ(judged({{"If-Match", "\"a\""}}, {.tag = "W/\"a\"", .modified = kModified}), Condition::failed);
}

TEST(ConditionsTest, SeveralLinesAreOneList) {
  EXPECT_EQ(judged({{"If-None-Match", "\"x\""}, {"If-None-Match", "\"a\""}}), Condition::not_modified);
  EXPECT_EQ(judged({{"If-Match", "\"x\""}, {"If-Match", "\"a\""}}), Condition::met);
}

TEST(ConditionsTest, IfModifiedSinceComparesTheDates) {
  EXPECT_EQ(judged({{"If-Modified-Since", kBefore}}), Condition::met);
  EXPECT_EQ(judged({{"If-Modified-Since", kThen}}), Condition::not_modified);
  EXPECT_EQ(judged({{"If-Modified-Since", kAfter}}), Condition::not_modified);
}

TEST(ConditionsTest, IfUnmodifiedSinceComparesTheDates) {
  EXPECT_EQ(judged({{"If-Unmodified-Since", kBefore}}), Condition::failed);
  EXPECT_EQ(judged({{"If-Unmodified-Since", kThen}}), Condition::met);
  EXPECT_EQ(judged({{"If-Unmodified-Since", kAfter}}), Condition::met);
}

TEST(ConditionsTest, DatesThatAreNoneAreIgnored) {
  for (const auto* name : {"If-Modified-Since", "If-Unmodified-Since"})
    for (const auto* value : {"", "yesterday", "0", "Sun, 06 Nov 1994 08:49:36", "-1"})
      EXPECT_EQ(judged({{name, value}}), Condition::met) << name << value;
  EXPECT_EQ(judged({{"If-Modified-Since", kThen}, {"If-Modified-Since", kThen}}), Condition::met);
}

TEST(ConditionsTest, TagsGoBeforeDates) {  // RFC 9110 13.2.2
  EXPECT_EQ(judged({{"If-None-Match", "\"x\""}, {"If-Modified-Since", kAfter}}), Condition::met);
  EXPECT_EQ(judged({{"If-None-Match", "\"a\""}, {"If-Modified-Since", kBefore}}), Condition::not_modified);
  EXPECT_EQ(judged({{"If-Match", "\"a\""}, {"If-Unmodified-Since", kBefore}}), Condition::met);
  EXPECT_EQ(judged({{"If-Match", "\"x\""}, {"If-Unmodified-Since", kAfter}}), Condition::failed);
}

TEST(ConditionsTest, WhatMustMatchGoesBeforeWhatMustNot) {
  EXPECT_EQ(judged({{"If-Match", "\"x\""}, {"If-None-Match", "\"a\""}}), Condition::failed);
  EXPECT_EQ(judged({{"If-Match", "\"a\""}, {"If-None-Match", "\"a\""}}), Condition::not_modified);
  EXPECT_EQ(judged({{"If-Unmodified-Since", kBefore}, {"If-None-Match", "\"a\""}}), Condition::failed);
}

TEST(ConditionsTest, RangeAppliesToTheVersionThatIfRangeNames) {
  EXPECT_TRUE(applies({}));
  EXPECT_TRUE(applies({{"If-Range", "\"a\""}}));
  EXPECT_FALSE(applies({{"If-Range", "\"x\""}}));
  EXPECT_FALSE(applies({{"If-Range", "W/\"a\""}}));
  EXPECT_FALSE(applies({{"If-Range", "\"a\", \"a\""}}));
  EXPECT_FALSE(applies({{"If-Range", "\"a\""}, {"If-Range", "\"a\""}}));
  EXPECT_FALSE(applies({{"If-Range", ""}}));
  EXPECT_FALSE(applies({{"If-Range", "\"a\""}}, kNow, {.tag = "W/\"a\"", .modified = kModified}));
}

TEST(ConditionsTest, RangeAppliesToExactlyThatDate) {  // RFC 9110 13.1.5: not "since"
  EXPECT_TRUE(applies({{"If-Range", kThen}}));
  EXPECT_FALSE(applies({{"If-Range", kBefore}}));
  EXPECT_FALSE(applies({{"If-Range", kAfter}}));
  EXPECT_FALSE(applies({{"If-Range", kThen}}, kModified + 1)) << "it may still change in that second";
}

}  // namespace
}  // namespace indrik::http
