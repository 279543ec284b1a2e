#include "supervisor/listener_pool.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temporary_folder.h"

namespace indrik::supervisor {
namespace {

class ListenerPoolTest : public testing::Test {
 protected:
  Binding binding(const std::vector<std::string>& names) const {
    Binding binding;
    for (const auto& name : names) binding.addresses.push_back(*net::Address::parse(at(name)));
    return binding;
  }
  std::string at(const std::string& name) const {
    return name.find(':') == std::string::npos ? "unix:" + (folder_ / name).native() : name;
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }

  indrik::test::TemporaryFolder folder_;
  ListenerPool pool_{{}};
};

TEST_F(ListenerPoolTest, OpensWhatDoesNotStandYet) {
  ASSERT_TRUE(pool_.open(binding({"a", "b"})));
  const auto opened = pool_.open(binding({"b", "c"}));
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, ListenerPool::Names{at("c")});
  EXPECT_TRUE(exists("a"));
}

TEST_F(ListenerPoolTest, LeavesNothingOpenWhereOneOfThemFails) {
  ASSERT_TRUE(pool_.open(binding({"a"})));
  EXPECT_FALSE(pool_.open(binding({"a", "b", "nowhere/c"})));
  EXPECT_FALSE(exists("b"));
  EXPECT_EQ(pool_.reduce_to(binding({"a", "b"})).size(), 1U);
}

TEST_F(ListenerPoolTest, ClosesWhatIsNotNamed) {
  ASSERT_TRUE(pool_.open(binding({"a", "b"})));
  EXPECT_EQ(pool_.close_others(binding({"b"})), ListenerPool::Names{at("a")});
  EXPECT_FALSE(exists("a"));
  EXPECT_TRUE(exists("b"));
}

TEST_F(ListenerPoolTest, TakesPortZeroForTheSameAsBeforeAndTwiceForTwoPorts) {
  const auto two = binding({"127.0.0.1:0", "127.0.0.1:0"});
  ASSERT_EQ(pool_.open(two)->size(), 2U);
  EXPECT_TRUE(pool_.open(two)->empty());
  EXPECT_TRUE(pool_.close_others(two).empty());
  EXPECT_EQ(pool_.close_others(binding({"127.0.0.1:0"})).size(), 1U);
}

TEST_F(ListenerPoolTest, GivesAWorkerItsOwnOnlyAndLeavesTheFiles) {
  ASSERT_TRUE(pool_.open(binding({"a", "b"})));
  const auto mine = pool_.reduce_to(binding({"b"}));
  ASSERT_EQ(mine.size(), 1U);
  EXPECT_EQ(mine.front().address().text(), at("b"));
  EXPECT_TRUE(exists("a"));
  pool_.close_all();
  EXPECT_FALSE(exists("b"));
}

}  // namespace
}  // namespace indrik::supervisor
