// Tasks beside tasks, and beside every request.
#include "sdk/harness.h"

namespace indrik::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SpawnTest : public SdkTest {
 protected:
  /// Waits for ever, and says how that ended.
  Task<int> tell(std::string name) {
    events.push_back(name + " begins");
    try {
      co_await sleep_for(1h);
    } catch (const Cancelled&) {
      events.push_back(name + " is cancelled");
      throw;
    }
    co_return 0;
  }

  Task<> begin_others() {
    const auto grandchild = co_await spawn(tell("grandchild"));
    co_await when_all(tell("branch"), tell("twig"));
  }

  std::vector<std::string> events;
};

Task<int> number_after(std::chrono::milliseconds delay, int number) {
  co_await sleep_for(delay);
  co_return number;
}
Task<int> failing() {
  co_await sleep_for(1ms);
  throw std::runtime_error{"failed"};
}

TEST_F(SpawnTest, RunsBesideItsParentAndIsJoined) {
  const auto parent = []() -> Task<> {
    auto child = co_await spawn(number_after(1ms, 4));
    EXPECT_FALSE(child.done());
    co_await sleep_for(3ms);
    EXPECT_TRUE(child.done());
    EXPECT_EQ(co_await child.join(), 4);
    EXPECT_THROW((void)child.join(), std::logic_error);
    auto other = co_await spawn(number_after(1ms, 5));
    EXPECT_EQ(co_await other.join(), 5);
    auto bad = co_await spawn(failing());
    EXPECT_THROW(co_await bad.join(), std::runtime_error);
  };
  run(parent());
}

TEST_F(SpawnTest, EndsWithItsHandle) {
  const auto parent = [this]() -> Task<> {
    {
      const auto child = co_await spawn(tell("child"));
      events.emplace_back("parent goes on");
    }
    events.emplace_back("parent ends");
  };
  run(parent());
  EXPECT_THAT(events, ElementsAre("child begins", "parent goes on", "child is cancelled", "parent ends"));
}

TEST_F(SpawnTest, EndsWithAParentThatThrowsBeforeItsLocalsGo) {
  struct Local {
    std::vector<std::string>& events;
    ~Local() { events.emplace_back("local goes"); }
  };
  const auto parent = [this]() -> Task<> {
    const Local local{events};
    const auto child = co_await spawn(tell("child"));
    const auto with_children = co_await spawn(begin_others());
    throw std::runtime_error{"parent"};
  };
  EXPECT_THROW(run(parent()), std::runtime_error);
  EXPECT_THAT(events,
              ElementsAre("child begins", "grandchild begins", "branch begins", "twig begins", "twig is cancelled",
                          "branch is cancelled", "grandchild is cancelled", "child is cancelled", "local goes"));
}

TEST_F(SpawnTest, IsCancelledByName) {
  const auto parent = [this]() -> Task<> {
    auto child = co_await spawn(tell("child"));
    child.cancel();
    child.cancel();
    events.emplace_back("parent goes on");
    EXPECT_THROW(co_await child.join(), Cancelled);
  };
  run(parent());
  EXPECT_THAT(events, ElementsAre("child begins", "parent goes on", "child is cancelled"));
}

TEST_F(SpawnTest, TellsChildrenBeforeParents) {
  const auto parent = [this]() -> Task<> {
    const auto child = co_await spawn(tell("child"));
    co_await tell("parent");
  };
  sdk::SpawnedState<void> state{parent()};
  state.start(context(), std::shared_ptr<sdk::SpawnedState<void>>{std::shared_ptr<void>{}, &state});
  state.strand.scope().cancel();
  while (!state.has_ended) turns.turn(10s);
  EXPECT_THAT(events, ElementsAre("child begins", "parent begins", "child is cancelled", "parent is cancelled"));
}

TEST_F(SpawnTest, GivesUpWaitingForAChildThatGoesOn) {
  const auto parent = []() -> Task<> {
    auto child = co_await spawn(number_after(5ms, 4));
    EXPECT_THROW(
        co_await with_timeout(1ms, [](Spawned<int>& joined) -> Task<int> { co_return co_await joined.join(); }(child)),
        TimedOut);
    EXPECT_EQ(co_await child.join(), 4);
  };
  run(parent());
}

TEST_F(SpawnTest, LetsNobodyWaitOnWhoWasCancelled) {
  const auto stubborn = [this]() -> Task<> {
    for (int i = 0; i < 3; ++i) {
      try {
        co_await sleep_for(1h);
      } catch (const Cancelled&) {
        events.emplace_back("told");
      }
    }
  };
  sdk::SpawnedState<void> state{stubborn()};
  state.start(context(), std::shared_ptr<sdk::SpawnedState<void>>{std::shared_ptr<void>{}, &state});
  const auto since = Clock::now();
  state.strand.scope().cancel();
  while (!state.has_ended) turns.turn(10s);
  EXPECT_THAT(events, ElementsAre("told", "told", "told"));
  EXPECT_GE(Clock::now() - since, 20ms);  // it has not had the loop for itself
}

TEST_F(SpawnTest, RunsInTheBackgroundUntilThePluginEnds) {
  sdk::Background background{api};
  bool ended = false;
  const auto forever = [&]() -> Task<> {
    try {
      while (true) co_await sleep_for(1ms);
    } catch (const Cancelled&) {
      ended = true;
      throw;
    }
  };
  (void)background.begin(forever());
  background.run([]() -> Task<> { co_await sleep_for(3ms); }());
  EXPECT_FALSE(ended);
  EXPECT_TRUE(background.end(10s));
  EXPECT_TRUE(ended);
}

TEST_F(SpawnTest, LogsWhatFailsInTheBackground) {
  auto task = app.spawn([]() -> Task<> {
    co_await sleep_for(1ms);
    throw std::runtime_error{"no luck"};
  }());
  run([](BackgroundTask watched) -> Task<> { EXPECT_THROW(co_await watched.join(), std::runtime_error); }(task));
  EXPECT_TRUE(task.done());
  EXPECT_THAT(lines, ElementsAre("test: a task of the background has failed: no luck"));
}

TEST_F(SpawnTest, CancelsABackgroundTaskWithoutALineInTheLog) {
  const auto task = app.spawn([]() -> Task<> { co_await sleep_for(1h); }());
  run([](BackgroundTask watched) -> Task<> {
    co_await sleep_for(1ms);
    watched.cancel();
    EXPECT_THROW(co_await watched.join(), Cancelled);
  }(task));
  EXPECT_THAT(lines, IsEmpty());
}

TEST_F(SpawnTest, HasNoBackgroundBeforeThereIsALoop) {
  host.loop = nullptr;
  EXPECT_THROW(app.spawn([]() -> Task<> { co_return; }()), std::logic_error);
}

TEST_F(SpawnTest, TakesBackgroundTasksFromAnyThread) {
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int task = 0; task < 50; ++task)
        app.spawn([](std::atomic<int>& count) -> Task<> {
          co_await sleep_for(0ms);
          ++count;
        }(ran));
    });
  while (ran < 200) turns.turn(10ms);
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace indrik::test
