#include "worker/body_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>

#include "support/temporary_folder.h"

namespace indrik::worker {
namespace {

BodySpace space;

TEST(BodyFileTest, GivesBackWhatWasAppended) {
  const test::TemporaryFolder folder;
  auto file = BodyFile::create(folder.path(), space);
  ASSERT_TRUE(file) << file.error().text();
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const auto piece = std::to_string(i);
    ASSERT_TRUE(file->append(piece));
    all += piece;
  }
  EXPECT_EQ(file->size(), all.size());
  EXPECT_EQ(*file->view(), all);
  const BodyFile moved = std::move(*file);
  EXPECT_EQ(moved.size(), all.size());
}

TEST(BodyFileTest, HasNoName) {
  const test::TemporaryFolder folder;
  auto file = BodyFile::create(folder.path(), space);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->append("secret"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(BodyFileTest, MayBeEmpty) {
  auto file = BodyFile::create({}, space);
  ASSERT_TRUE(file);
  EXPECT_EQ(*file->view(), "");
}

TEST(BodyFileTest, SaysWhereItCouldNotBe) {
  const auto file = BodyFile::create("/nowhere/at/all", space);
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().text(), testing::HasSubstr("/nowhere/at/all"));
}

TEST(BodyFileTest, SaysWhenThereIsNoSpaceLeft) {
  const test::TemporaryFolder folder;
  auto file = BodyFile::create(folder.path(), space);
  ASSERT_TRUE(file);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handled = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto appended = file->append(std::string(2000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handled);
  ASSERT_FALSE(appended);
  EXPECT_THAT(appended.error().text(), testing::HasSubstr("File too large"));
}

TEST(BodyFileTest, CountsWhatItTakesOfTheSpaceAndGivesItBack) {
  const test::TemporaryFolder folder;
  BodySpace bounded{.most = 10};
  {
    auto file = BodyFile::create(folder.path(), bounded);
    ASSERT_TRUE(file->append("123456"));
    EXPECT_TRUE(bounded.has_room(4));
    EXPECT_FALSE(bounded.has_room(5));
    const BodyFile moved{std::move(*file)};
    EXPECT_EQ(bounded.taken, 6U);
  }
  EXPECT_EQ(bounded.taken, 0U);
}

}  // namespace
}  // namespace indrik::worker
