#include "http/entity_tag.h"

#include <gtest/gtest.h>

namespace indrik::http {
namespace {

constexpr FileIdentity kFile{.modified = {.tv_sec = 1000, .tv_nsec = 1}, .size = 255, .inode = 16};

TEST(EntityTagTest, IsMadeOfTimeSizeAndInode) {
  EXPECT_EQ(entity_tag_of(kFile, 2000), "\"e8d4a51001-ff-10\"");
  const auto differs = [](const FileIdentity& other) {
    return entity_tag_of(other, 2000) != entity_tag_of(kFile, 2000);
  };
  EXPECT_TRUE(differs({.modified = {.tv_sec = 1000, .tv_nsec = 2}, .size = 255, .inode = 16}));
  EXPECT_TRUE(differs({.modified = {.tv_sec = 1001, .tv_nsec = 1}, .size = 255, .inode = 16}));
  EXPECT_TRUE(differs({.modified = {.tv_sec = 1000, .tv_nsec = 1}, .size = 254, .inode = 16}));
  EXPECT_TRUE(differs({.modified = {.tv_sec = 1000, .tv_nsec = 1}, .size = 255, .inode = 17}));
}

TEST(EntityTagTest, IsWeakForAFileThatWasJustChanged) {
  EXPECT_EQ(entity_tag_of(kFile, 1000), "W/\"e8d4a51001-ff-10\"");
  EXPECT_EQ(entity_tag_of(kFile, 1001), "W/\"e8d4a51001-ff-10\"");
  EXPECT_EQ(entity_tag_of(kFile, 1002), "\"e8d4a51001-ff-10\"");
  EXPECT_EQ(entity_tag_of(kFile, 500), "W/\"e8d4a51001-ff-10\"") << "of the future";
}

TEST(EntityTagTest, HasOneForTimesBefore1970) {
  auto old = kFile;
  old.modified.tv_sec = -1000;
  EXPECT_NE(entity_tag_of(old, 2000), entity_tag_of(kFile, 2000));
}

TEST(EntityTagTest, IsFoundInAList) {
  for (const auto* list : {"\"a\"", "\"x\", \"a\"", "\"x\",\"a\",\"y\"", " ,, \"a\"", "*", " * ", "\"x\"\t,\t\"a\"",
                           "\"x,\\\", \"a\"", "\"\", \"a\""}) {
    EXPECT_TRUE(names_tag(list, "\"a\"", Comparison::strong)) << list;
    EXPECT_TRUE(names_tag(list, "\"a\"", Comparison::weak)) << list;
  }
  for (const auto* list : {"", "\"b\"", "a", "\"A\"", "\"a", "a\"", "\"a \"", "**", "*, \"b\"", "w/\"a\"", "W/ \"a\"",
                           "x, \"a\"", "\"x\" \"a\"", "\"x\";\"a\"", "W/", "\""}) {
    EXPECT_FALSE(names_tag(list, "\"a\"", Comparison::strong)) << list;
    EXPECT_FALSE(names_tag(list, "\"a\"", Comparison::weak)) << list;
  }
}

TEST(EntityTagTest, ComparesAsRfc9110Section8832Shows) {
  struct Example {
    const char *a, *b;
    bool strong, weak;
  };
  for (const auto& [a, b, strong, weak] : {Example{"W/\"1\"", "W/\"1\"", false, true},
                                           {"W/\"1\"", "W/\"2\"", false, false},
                                           {"W/\"1\"", "\"1\"", false, true},
                                           {"\"1\"", "\"1\"", true, true}}) {
    EXPECT_EQ(names_tag(a, b, Comparison::strong), strong) << a << b;
    EXPECT_EQ(names_tag(a, b, Comparison::weak), weak) << a << b;
    EXPECT_EQ(is_same_strong_tag(a, b), strong) << a << b;
  }
}

TEST(EntityTagTest, IsNoListWhereOneIsWanted) {
  EXPECT_FALSE(is_same_strong_tag("\"1\", \"1\"", "\"1\""));
  EXPECT_FALSE(is_same_strong_tag("*", "\"1\""));
  EXPECT_FALSE(is_same_strong_tag("", "\"1\""));
}

}  // namespace
}  // namespace indrik::http
