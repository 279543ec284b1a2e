// Several tasks at once: all, the first, within a time.
#include "sdk/harness.h"

namespace indrik::test {
namespace {

using testing::ElementsAre;

class WhenTest : public SdkTest {};

Task<int> number_after(std::chrono::milliseconds delay, int number) {
  co_await sleep_for(delay);
  co_return number;
}
Task<> nothing_after(std::chrono::milliseconds delay) { co_await sleep_for(delay); }
Task<std::string> at_once(std::string text) { co_return text; }
Task<int> failing(std::string why) {
  co_await sleep_for(1ms);
  throw std::runtime_error{why};
}
/// Says whether it was cancelled.
Task<int> tell(std::string& told) {
  try {
    co_await sleep_for(1h);
  } catch (const Cancelled&) {
    told += "cancelled ";
    throw;
  }
  co_return 0;
}

TEST_F(WhenTest, GivesWhatAllGive) {
  const auto all = [](std::string word) -> Task<> {
    const auto [one, none, text] = co_await when_all(number_after(2ms, 1), nothing_after(1ms), at_once(word + "!"));
    EXPECT_EQ(one, 1);
    EXPECT_EQ(none, std::monostate{});
    EXPECT_EQ(text, "a rather long word that is no small string!");
    co_await when_all(nothing_after(1ms), nothing_after(2ms));
    co_await when_all();
  };
  run(all("a rather long word that is no small string"));
}

TEST_F(WhenTest, GivesWhatAllOfAVectorGive) {
  const auto all = []() -> Task<> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(number_after(std::chrono::milliseconds{5 - i}, i));
    EXPECT_THAT(co_await when_all(std::move(tasks)), ElementsAre(0, 1, 2, 3, 4));
    EXPECT_THAT(co_await when_all(std::vector<Task<int>>{}), ElementsAre());
  };
  run(all());
}

TEST_F(WhenTest, CancelsTheOthersWhenOneFails) {
  std::string told;
  const auto all = [&told]() -> Task<> {
    const std::string local = "still here";
    try {
      co_await when_all(tell(told), failing("a reason that is no small string at all"), tell(told));
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "a reason that is no small string at all");
    }
    EXPECT_EQ(told, "cancelled cancelled ");
  };
  run(all());
}

TEST_F(WhenTest, GivesTheFirstAndCancelsTheOthers) {
  std::string told;
  const auto any = [&told]() -> Task<> {
    const auto first = co_await when_any(tell(told), number_after(1ms, 7), nothing_after(1h));
    EXPECT_EQ(first.index(), 1U);
    EXPECT_EQ(std::get<1>(first), 7);
    EXPECT_EQ(told, "cancelled ");
    const auto ready = co_await when_any(at_once("x"), tell(told));  // which never begins
    EXPECT_EQ(std::get<0>(ready), "x");
    EXPECT_EQ(told, "cancelled ");
    EXPECT_THROW(co_await when_any(failing("first"), tell(told)), std::runtime_error);
  };
  run(any());
  EXPECT_EQ(told, "cancelled cancelled ");
}

TEST_F(WhenTest, GivesTheFirstOfAVector) {
  const auto any = []() -> Task<> {
    std::vector<Task<int>> tasks;
    tasks.push_back(number_after(1h, 1));
    tasks.push_back(number_after(1ms, 2));
    const auto first = co_await when_any(std::move(tasks));
    EXPECT_EQ(first.index, 1U);
    EXPECT_EQ(first.value, 2);
    std::vector<Task<>> voids;
    voids.push_back(nothing_after(1h));
    voids.push_back(nothing_after(1ms));
    EXPECT_EQ(co_await when_any(std::move(voids)), 1U);
    EXPECT_THROW(co_await when_any(std::vector<Task<>>{}), std::invalid_argument);
  };
  run(any());
}

TEST_F(WhenTest, EndsWhatTakesTooLong) {
  std::string told;
  const auto timed = [&told]() -> Task<> {
    EXPECT_EQ(co_await with_timeout(1h, number_after(1ms, 3)), 3);
    EXPECT_EQ(co_await with_timeout(1h, at_once("now")), "now");
    EXPECT_THROW(co_await with_timeout(1ms, tell(told)), TimedOut);
    EXPECT_EQ(told, "cancelled ");
    EXPECT_THROW(co_await with_timeout(1h, failing("why")), std::runtime_error);
  };
  run(timed());
}

}  // namespace
}  // namespace indrik::test
