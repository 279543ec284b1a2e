#include "http/trailers.h"

#include <gtest/gtest.h>

#include <string>

namespace indrik::http {
namespace {

TEST(TrailersTest, KeepsLinesInOrderWithoutWhiteSpaceAround) {
  const Limits limits;
  Trailers trailers;
  for (const auto* line : {"Digest: a b \t", "X:", "digest:c:d"})
    ASSERT_EQ(trailers.take(line, limits), ParseError::none);
  trailers.finish();
  const auto fields = trailers.fields();
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[0].name, "Digest");
  EXPECT_EQ(fields[0].value, "a b");
  EXPECT_EQ(fields[1].value, "");
  EXPECT_EQ(fields[2].name, "digest");
  EXPECT_EQ(fields[2].value, "c:d");
}

TEST(TrailersTest, RefusesFramingAndRouting) {
  for (const auto* line : {"Content-Length: 1", "TRANSFER-ENCODING: chunked", "host: a", "Content_Length: 1"})
    EXPECT_EQ(Trailers{}.take(line, Limits{}), ParseError::bad_trailer) << line;
}

TEST(TrailersTest, DropsWhatComesTooLateToBeHeeded) {
  Trailers trailers;
  for (const auto* name : {"connection", "TE", "Trailer", "Upgrade", "Expect", "If-Match", "Range", "Authorization",
                           "Proxy-Authorization", "Cookie", "Content-Type", "Content-Encoding", "Forwarded",
                           "x-forwarded-for", "X-Forwarded-Proto", "X_Forwarded-For", "X-Real-IP"})
    EXPECT_EQ(trailers.take(std::string{name} + ": a", Limits{}), ParseError::none) << name;
  trailers.finish();
  EXPECT_TRUE(trailers.fields().empty());
}

TEST(TrailersTest, BoundsWhatItDropsAsWell) {
  Limits limits;
  limits.max_fields = 2;
  Trailers trailers;
  EXPECT_EQ(trailers.take("Cookie: a", limits), ParseError::none);
  EXPECT_EQ(trailers.take("Cookie: a", limits), ParseError::none);
  EXPECT_EQ(trailers.take("Cookie: a", limits), ParseError::too_many_fields);
}

TEST(TrailersTest, StaysValidWhenMoved) {
  Trailers trailers;
  EXPECT_EQ(trailers.take("A: b", Limits{}), ParseError::none);  // short: within a std::string's own bytes
  trailers.finish();
  const auto moved = std::move(trailers);
  EXPECT_EQ(moved.fields()[0].value, "b");
}

TEST(TrailersTest, CostsNothingWhereThereAreNone) {
  Trailers trailers;
  trailers.finish();
  EXPECT_TRUE(trailers.fields().empty());
  EXPECT_EQ(trailers.held_memory(), 0U);
  EXPECT_EQ(sizeof trailers, sizeof(void*));
}

}  // namespace
}  // namespace indrik::http
