#include "content_codings.h"

#include <gtest/gtest.h>

#include <string>

namespace static_files {
namespace {

std::string accepted(std::string_view accept) {
  std::string names;
  for (const auto& coding : acceptable_codings(accept)) names.append(names.empty() ? "" : " ").append(coding.name);
  return names;
}

TEST(ContentCodingsTest, TakesNoneUnasked) {
  EXPECT_EQ(accepted(""), "");
  EXPECT_EQ(accepted("deflate, zstd"), "");
  EXPECT_EQ(accepted("identity"), "");
}

TEST(ContentCodingsTest, PrefersBrAtEqualWeight) {
  EXPECT_EQ(accepted("gzip, deflate, br, zstd"), "br gzip");
  EXPECT_EQ(accepted("gzip"), "gzip");
  EXPECT_EQ(accepted("GZIP;Q=1.0 , BR ; q=1"), "br gzip");
  EXPECT_EQ(accepted("x-gzip"), "gzip") << "RFC 9110 8.4.1.3";
}

TEST(ContentCodingsTest, FollowsTheWeights) {
  EXPECT_EQ(accepted("br;q=0.5, gzip;q=0.501"), "gzip br");
  EXPECT_EQ(accepted("br;q=0, gzip"), "gzip");
  EXPECT_EQ(accepted("br;q=0.000,gzip;q=0.001"), "gzip");
}

TEST(ContentCodingsTest, ReadsTheStar) {
  EXPECT_EQ(accepted("*"), "br gzip");
  EXPECT_EQ(accepted("*;q=0"), "");
  EXPECT_EQ(accepted("gzip;q=0, *"), "br");
  EXPECT_EQ(accepted("*;q=0, gzip"), "gzip");
}

TEST(ContentCodingsTest, LeavesTheFileAsItIsWhereThatIsLikedBetter) {
  EXPECT_EQ(accepted("identity, gzip;q=0.5"), "");
  EXPECT_EQ(accepted("identity;q=0.5, gzip;q=0.4, br;q=0.6"), "br");
  EXPECT_EQ(accepted("identity;q=0, gzip;q=0.1"), "gzip");
}

TEST(ContentCodingsTest, TakesNothingForAMalformedWeight) {
  for (const auto* weight : {"2", "1.001", "0.1234", "-1", "a", "", "0.", "0,5", "1.", ".5", "00", "0.5x"}) {
    const auto list = std::string{"gzip;q="} + weight;
    EXPECT_EQ(accepted(list), weight == std::string_view{"1."} ? "gzip" : "") << list;
  }
  EXPECT_EQ(accepted("gzip;level=9"), "");
  EXPECT_EQ(accepted(",,;,=,"), "");
}

}  // namespace
}  // namespace static_files
