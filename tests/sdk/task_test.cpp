// Which tasks can be awaited.
#include "sdk/harness.h"

namespace indrik::test {
namespace {

using testing::ElementsAre;

class TaskTest : public SdkTest {};

Task<int> number_after(std::chrono::milliseconds delay, int number) {
  co_await sleep_for(delay);
  co_return number;
}

/// What awaiting a task throws, and nothing else: what the waiter did before and does after is kept.
Task<> tell_failure(std::vector<std::string>& told, Task<int>& task) {
  try {
    co_await std::move(task);
    told.emplace_back("nothing");
  } catch (const std::logic_error& error) {
    told.emplace_back(error.what());
  }
  co_await sleep_for(1ms);
}

constexpr auto kAwaitedBefore = "an indrik::Task can be awaited once, and this one has been";
constexpr auto kMovedFrom = "an indrik::Task that was moved from cannot be awaited";

TEST_F(TaskTest, IsAwaitedOnce) {
  std::vector<std::string> told;
  const auto twice = [](std::vector<std::string>& into) -> Task<> {
    auto task = number_after(1ms, 7);
    EXPECT_EQ(co_await std::move(task), 7);
    co_await tell_failure(into, task);
  };
  run(twice(told));
  EXPECT_THAT(told, ElementsAre(kAwaitedBefore));
}

TEST_F(TaskTest, IsAwaitedByOneAtATime) {
  std::vector<std::string> told;
  const auto both = [](std::vector<std::string>& into) -> Task<> {
    auto task = number_after(5ms, 7);
    const auto first = [](Task<int>& one) -> Task<int> { co_return co_await std::move(one); };
    const auto [number, nothing] = co_await when_all(first(task), tell_failure(into, task));
    EXPECT_EQ(number, 7);
  };
  run(both(told));
  EXPECT_THAT(told, ElementsAre(kAwaitedBefore));
}

TEST_F(TaskTest, IsAwaitedWhereItWasMovedTo) {
  std::vector<std::string> told;
  const auto moved = [](std::vector<std::string>& into) -> Task<> {
    auto task = number_after(1ms, 7);
    auto same = std::move(task);
    co_await tell_failure(into, task);
    EXPECT_EQ(co_await std::move(same), 7);
  };
  run(moved(told));
  EXPECT_THAT(told, ElementsAre(kMovedFrom));
}

/// What takes a task runs it later; it must be refused before others begin.
TEST_F(TaskTest, IsTakenByOthersOnce) {
  const auto takes = []() -> Task<> {
    auto task = number_after(1ms, 7);
    EXPECT_EQ(co_await std::move(task), 7);
    EXPECT_THROW(co_await spawn(std::move(task)), std::logic_error);
    auto again = number_after(1ms, 8);
    EXPECT_EQ(co_await std::move(again), 8);
    EXPECT_THROW(co_await with_timeout(1s, std::move(again)), std::logic_error);
    EXPECT_THROW(co_await when_all(number_after(1h, 1), std::move(again)), std::logic_error);
    EXPECT_THROW(co_await when_any(number_after(1h, 1), std::move(again)), std::logic_error);
    std::vector<Task<int>> tasks;
    tasks.push_back(std::move(again));
    EXPECT_THROW(co_await when_all(std::move(tasks)), std::logic_error);
  };
  run(takes());
}

}  // namespace
}  // namespace indrik::test
