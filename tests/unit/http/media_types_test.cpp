#include "http/media_types.h"

#include <gtest/gtest.h>

namespace indrik::http {
namespace {

TEST(MediaTypesTest, GoByTheEndOfTheName) {
  EXPECT_EQ(media_type_of("a.html"), "text/html; charset=utf-8");
  EXPECT_EQ(media_type_of("/srv/www/a.b/c.min.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(media_type_of("PHOTO.JPG"), "image/jpeg");
  EXPECT_EQ(media_type_of("font.woff2"), "font/woff2");
  EXPECT_EQ(media_type_of("a.3gp"), "video/3gpp");
  EXPECT_EQ(media_type_of("a.zst"), "application/zstd");
}

TEST(MediaTypesTest, KnowNothingOfOtherNames) {
  for (const auto* name : {"", "README", ".png", "dir.png/README", "a.", "a.pn", "a.pngg", "/", "a.html/"})
    EXPECT_EQ(media_type_of(name), "application/octet-stream") << name;
}

TEST(MediaTypesTest, SayTheCharsetOfTexts) {
  for (const auto* name : {"a.txt", "a.css", "a.csv", "a.md", "a.vtt", "a.ics", "a.mjs"})
    EXPECT_TRUE(media_type_of(name).starts_with("text/") && media_type_of(name).ends_with("; charset=utf-8")) << name;
}

}  // namespace
}  // namespace indrik::http
