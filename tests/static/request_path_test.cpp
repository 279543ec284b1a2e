#include "request_path.h"

#include <gtest/gtest.h>

#include <array>

namespace static_files {
namespace {

const std::array<std::string, 1> kShown{".well-known"};

std::optional<Target> read(std::string_view decoded) { return read_path(decoded, "/raw", kShown); }

TEST(RequestPathTest, TellsFilesFromFolders) {
  EXPECT_EQ(read("a/b.txt")->path, "a/b.txt");
  EXPECT_FALSE(read("a/b.txt")->folder);
  EXPECT_EQ(read("a/b/")->path, "a/b");
  EXPECT_TRUE(read("a/b/")->folder);
  EXPECT_EQ(read("")->path, "");
  EXPECT_TRUE(read("")->folder);
}

TEST(RequestPathTest, TakesWhateverElseANameMayHave) {
  for (const auto* path : {"a b", "...a", "a..b", "a.", "~", "a:b", "\xc3\xa9", "%", "a?b", "*"})
    EXPECT_EQ(read(path).has_value(), path[0] != '.') << path;
}

TEST(RequestPathTest, RefusesEveryWayOut) {
  for (const auto* path : {"..", "../a", "a/..", "a/../b", "a/../", ".",  "./a",  "a/./b", "/",    "//",
                           "/a", "a//b", "a//",  "..\\a",  "a\\b",  "\\", "a\nb", "a\x7f", "\x01", "a/\t"})
    EXPECT_FALSE(read(path)) << path;
  EXPECT_FALSE(read(std::string_view{"a\0b", 3}));
}

TEST(RequestPathTest, RefusesAnEncodedSlash) {
  for (const auto* raw : {"/a%2fb", "/a%2Fb", "/..%2f..%2fetc", "/%2f"}) EXPECT_FALSE(read_path("a/b", raw, kShown));
}

TEST(RequestPathTest, HidesNamesWithALeadingDotButThoseThatAreShown) {
  for (const auto* path : {".git", ".git/config", "a/.htaccess", "a/.b/c", ".well-known-not", "..."})
    EXPECT_FALSE(read(path)) << path;
  EXPECT_TRUE(read(".well-known/acme-challenge/x"));
  EXPECT_TRUE(read("a/.well-known"));
  EXPECT_FALSE(read(".well-known/.git"));
  EXPECT_FALSE(read_path(".well-known", "/.well-known", {}));
}

TEST(RequestPathTest, NamesAFolderWithItsSlashRelatively) {
  EXPECT_EQ(with_slash("/x/docs", ""), "./docs/");
  EXPECT_EQ(with_slash("/docs", "a=1&b=//evil"), "./docs/?a=1&b=//evil");
  EXPECT_EQ(with_slash("/http:", ""), "./http:/") << "no scheme";
  EXPECT_EQ(with_slash("//evil.com", ""), "./evil.com/") << "no host";
  EXPECT_EQ(with_slash("/%C3%A9", ""), "./%C3%A9/");
}

}  // namespace
}  // namespace static_files
