#include "supervisor/children.h"

#include <gtest/gtest.h>

#include <csignal>

namespace indrik::supervisor {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint{} + 1h;
constexpr Patience kPatience{.silence = 30s, .start = 30s, .graceful = 20s};
constexpr std::uint32_t kOld = 1;
constexpr std::uint32_t kNew = 2;

constexpr int exited(int code) { return code << 8; }
constexpr int killed_by(int signal) { return signal; }

class ChildrenTest : public ::testing::Test {
 protected:
  Child& add(pid_t pid, std::uint32_t generation = kOld, TimePoint now = kStart) {
    children_.add(pid, *children_.vacant_slot(), generation, kPatience, now);
    return *children_.find(pid);
  }
  Child& add_ready(pid_t pid, std::uint32_t generation = kOld, TimePoint now = kStart) {
    auto& child = add(pid, generation, now);
    Children::apply(child, ChildEvent::became_ready, now);
    return child;
  }
  std::vector<pid_t> overdue(TimePoint now, ChildEvent event) const {
    std::vector<pid_t> pids;
    for (const auto& due : children_.overdue(now))
      if (due.event == event) pids.push_back(due.pid);
    return pids;
  }
  Children children_{4};
};

TEST_F(ChildrenTest, GivesOutEachSlotOnceAndAgainWhenItIsFree) {
  for (pid_t pid = 1; pid <= 4; ++pid) EXPECT_EQ(add(pid).slot, static_cast<std::size_t>(pid - 1));
  EXPECT_FALSE(children_.vacant_slot());
  children_.remove(3);
  EXPECT_EQ(children_.vacant_slot(), 2U);
}

TEST_F(ChildrenTest, KnowsItsOwnOnly) {
  add(7);
  EXPECT_NE(children_.find(7), nullptr);
  EXPECT_EQ(children_.find(8), nullptr);
}

TEST_F(ChildrenTest, CountsByGeneration) {
  add_ready(1);
  add_ready(2);
  add(3, kNew);
  EXPECT_EQ(children_.active(kOld), 2U);
  EXPECT_EQ(children_.ready(kOld), 2U);
  EXPECT_EQ(children_.active(kNew), 1U);
  EXPECT_EQ(children_.ready(kNew), 0U);
}

TEST_F(ChildrenTest, DoesNotCountWhoWasToldToEnd) {
  Children::apply(add_ready(1), ChildEvent::told_to_retire, kStart);
  EXPECT_EQ(children_.active(kOld), 0U);
  EXPECT_EQ(children_.ready(kOld), 0U);
  EXPECT_FALSE(children_.empty());
}

TEST_F(ChildrenTest, KeepsThePlaceOfOneThatIsAbortedAtItsStart) {
  Children::apply(add(1), ChildEvent::deadline_passed, kStart);
  EXPECT_EQ(children_.active(kOld), 0U);
  EXPECT_EQ(children_.placed(kOld), 1U);
  Children::apply(add_ready(2), ChildEvent::fell_silent, kStart);
  EXPECT_EQ(children_.placed(kOld), 1U);
}

TEST_F(ChildrenTest, LetsTheOldestGoFirst) {
  add(1, kOld, kStart + 2s);
  add(2, kOld, kStart + 1s);
  add(3, kNew, kStart);
  EXPECT_EQ(children_.oldest_active(kOld)->pid, 2);
  Children::apply(*children_.find(2), ChildEvent::told_to_retire, kStart);
  EXPECT_EQ(children_.oldest_active(kOld)->pid, 1);
  EXPECT_EQ(children_.oldest_active(99), nullptr);
}

TEST_F(ChildrenTest, HurriesAStartThatTakesTooLong) {
  add(1);
  EXPECT_TRUE(children_.overdue(kStart + 30s - 1ms).empty());
  EXPECT_EQ(overdue(kStart + 30s, ChildEvent::deadline_passed), std::vector<pid_t>{1});
  EXPECT_EQ(children_.next_deadline(), kStart + 30s);
}

TEST_F(ChildrenTest, HurriesWhoIsSilentForTooLong) {
  auto& child = add_ready(1);
  child.heartbeat = kStart + 5s;
  EXPECT_EQ(children_.next_deadline(), kStart + 35s);
  EXPECT_TRUE(children_.overdue(kStart + 35s - 1ms).empty());
  EXPECT_EQ(overdue(kStart + 35s, ChildEvent::fell_silent), std::vector<pid_t>{1});
}

TEST_F(ChildrenTest, CountsSilenceFromReadinessWhereNothingHasBeatenYet) {
  auto& child = add(1);
  Children::apply(child, ChildEvent::became_ready, kStart + 29s);
  EXPECT_EQ(children_.next_deadline(), kStart + 59s);
}

TEST_F(ChildrenTest, WaitsForEverWhereTheTimeoutIsZero) {
  constexpr Patience kEndless{.silence = 0ms, .start = 0ms, .graceful = 20s};
  children_.add(1, 0, kOld, kEndless, kStart);
  children_.add(2, 1, kOld, kEndless, kStart);
  Children::apply(*children_.find(2), ChildEvent::became_ready, kStart);
  EXPECT_TRUE(children_.overdue(kStart + 1000h).empty());
  EXPECT_EQ(children_.next_deadline(), TimePoint::max());
}

TEST_F(ChildrenTest, KillsAStuckChildASecondAfterItsAbort) {
  auto& child = add_ready(1);
  EXPECT_EQ(Children::apply(child, ChildEvent::fell_silent, kStart + 30s), SIGABRT);
  EXPECT_TRUE(children_.overdue(kStart + 31s - 1ms).empty());
  EXPECT_EQ(overdue(kStart + 31s, ChildEvent::deadline_passed), std::vector<pid_t>{1});
  EXPECT_EQ(Children::apply(child, ChildEvent::deadline_passed, kStart + 31s), SIGKILL);
  EXPECT_TRUE(children_.overdue(kStart + 1000h).empty());
  EXPECT_EQ(children_.next_deadline(), TimePoint::max());
}

TEST_F(ChildrenTest, GivesARetiringChildTheGracefulTimeoutAndASecondOnce) {
  auto& child = add_ready(1);
  EXPECT_EQ(Children::apply(child, ChildEvent::told_to_retire, kStart), SIGTERM);
  EXPECT_EQ(Children::apply(child, ChildEvent::told_to_retire, kStart + 15s), 0);
  EXPECT_EQ(child.deadline, kStart + 21s);
}

TEST_F(ChildrenTest, TreatsAChildThatRetiresByItselfAsIfItHadBeenTold) {
  auto& child = add_ready(1);
  EXPECT_EQ(Children::apply(child, ChildEvent::retires_by_itself, kStart + 5s), 0);
  EXPECT_EQ(children_.active(kOld), 0U);
  EXPECT_EQ(children_.placed(kOld), 0U);
  EXPECT_EQ(children_.ready(kOld), 0U);
  EXPECT_EQ(child.deadline, kStart + 26s);
  EXPECT_FALSE(died_young(child, exited(1), kStart + 5s));
}

TEST_F(ChildrenTest, HastensAChildThatRetiresByItself) {
  auto& child = add_ready(1);
  Children::apply(child, ChildEvent::retires_by_itself, kStart);
  EXPECT_EQ(Children::apply(child, ChildEvent::told_to_quit, kStart), SIGQUIT);
}

TEST_F(ChildrenTest, WatchesTheHeartbeatOfARetiringChild) {
  auto& child = add_ready(1);
  child.patience = {.silence = 2s, .start = 2s, .graceful = 20s};
  Children::apply(child, ChildEvent::told_to_retire, kStart);
  EXPECT_EQ(overdue(kStart + 2s, ChildEvent::fell_silent), std::vector<pid_t>{1});
}

TEST_F(ChildrenTest, GivesAQuittingChildASecond) {
  auto& child = add_ready(1);
  EXPECT_EQ(Children::apply(child, ChildEvent::told_to_quit, kStart), SIGQUIT);
  EXPECT_EQ(child.deadline, kStart + 1s);
}

TEST_F(ChildrenTest, SaysThatDyingBeforeReadyIsYoungWhateverTheCause) {
  const auto& child = add(1);
  for (const int status : {exited(0), exited(3), killed_by(SIGKILL), killed_by(SIGSEGV)})
    EXPECT_TRUE(died_young(child, status, kStart + 1h)) << status;
}

TEST_F(ChildrenTest, SaysThatAFaultWithinASecondIsYoung) {
  const auto& child = add_ready(1);
  EXPECT_TRUE(died_young(child, exited(1), kStart + 999ms));
  EXPECT_TRUE(died_young(child, killed_by(SIGSEGV), kStart + 999ms));
  EXPECT_FALSE(died_young(child, killed_by(SIGSEGV), kStart + 1s));
}

TEST_F(ChildrenTest, NeverBlamesAChildForAKillFromOutside) {
  const auto& child = add_ready(1);
  EXPECT_FALSE(died_young(child, killed_by(SIGKILL), kStart));
  EXPECT_FALSE(died_young(child, killed_by(SIGTERM), kStart));
}

TEST_F(ChildrenTest, NeverBlamesAChildThatWasToldToEnd) {
  Child& told = add(1);
  Children::apply(told, ChildEvent::told_to_retire, kStart);
  EXPECT_FALSE(died_young(told, exited(0), kStart));
}

}  // namespace
}  // namespace indrik::supervisor
