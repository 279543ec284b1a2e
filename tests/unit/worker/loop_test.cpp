#include "worker/loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "support/forbidden_call.h"

namespace indrik::worker {
namespace {

using namespace std::chrono_literals;

class LoopTimersBeatTest : public testing::Test {
 protected:
  /// Notes the sign of life that its timer has given, and takes longer than that clock's step.
  struct Note {
    LoopTimersBeatTest& test;
    TimerRoom room;

    static void fired(void* self) noexcept {
      auto& test = static_cast<Note*>(self)->test;
      test.beats.push_back(test.slot.heartbeat_ns);
      test.stays.push_back(process::Pulse::is_inside(test.turn.pulse.turn()));
      for (const auto begun = coarse_monotonic_ns(); coarse_monotonic_ns() == begun;) continue;
    }
  };

  Loop loop;
  process::Slot slot;
  LoopTurn turn{slot};
  std::vector<bool> stays;  ///< whether the timer fired for a plugin
  std::vector<std::int64_t> beats;
};

TEST_F(LoopTimersBeatTest, GiveASignOfLifeForEachThatFires) {
  LoopTimers timers{loop, &turn};
  const auto begun = coarse_monotonic_ns();
  Note notes[] = {{*this, {}}, {*this, {}}, {*this, {}}};
  for (auto& note : notes) timers.start(note.room, 1ms, Note::fired, &note);
  EXPECT_EQ(slot.heartbeat_ns, 0);
  loop.run();
  ASSERT_EQ(beats.size(), 3U);
  EXPECT_LE(begun, beats[0]);
  EXPECT_LT(beats[0], beats[1]);  // all were due in the same turn of the loop
  EXPECT_LT(beats[1], beats[2]);
}

TEST_F(LoopTimersBeatTest, FireForThePluginThatHasStartedThem) {
  LoopTimers timers{loop, &turn};
  Note server{*this, {}};
  timers.start(server.room, 1ms, Note::fired, &server);
  const std::string name = "burner";  // gone by then
  process::RunningRequest request{.method = "GET", .path = "/", .route = "/", .plugin = name};
  Note plugin{*this, {}};
  process::mark_running(&request);
  timers.start(plugin.room, 2ms, Note::fired, &plugin);
  process::mark_running(nullptr);
  loop.run();
  EXPECT_EQ(stays, (std::vector<bool>{false, true}));
  EXPECT_FALSE(process::Pulse::is_inside(turn.pulse.turn()));
  EXPECT_EQ(process::marked_running(), nullptr);
}

TEST_F(LoopTimersBeatTest, DoWithoutAHeartbeat) {
  LoopTimers timers{loop};
  Note note{*this, {}};
  timers.start(note.room, 1ms, Note::fired, &note);
  loop.run();
  EXPECT_EQ(beats, std::vector<std::int64_t>{0});
}

TEST_F(LoopTimersBeatTest, GiveNoneForOneThatIsForgotten) {
  LoopTimers timers{loop, &turn};
  Note note{*this, {}};
  timers.start(note.room, 1ms, Note::fired, &note);
  timers.cancel(note.room);
  loop.run();
  EXPECT_EQ(slot.heartbeat_ns, 0);
  EXPECT_TRUE(beats.empty());
}

/// How long a timer of `delay` takes.
nanoseconds wait_for_timer(Loop& loop, nanoseconds delay) {
  LoopTimers timers{loop};
  TimerRoom room{};
  const auto begun = Clock::now();
  timers.start(
      room, delay, [](void*) noexcept {}, nullptr);
  loop.run();
  return Clock::now() - begun;
}

TEST(LoopWaitTest, EndsWhenATimerIsDue) {
  Loop loop;
  // A wait in milliseconds takes two for these one and a half. Another process may have the processor now and then.
  nanoseconds least = 1h;
  for (int i = 0; i < 10'000 && least >= 1900us; ++i) {
    least = std::min(least, wait_for_timer(loop, 1500us));
    ASSERT_GE(least, 1500us);
  }
  EXPECT_LT(least, 1900us);
}

TEST(LoopWaitTest, IsInMillisecondsWhereTheKernelHasNoOther) {
  for (const int code : {ENOSYS, EPERM, EACCES}) {
    std::thread{[code] {
      ASSERT_TRUE(test::forbid_call(SYS_epoll_pwait2, code));
      Loop loop;
      for (int i = 0; i < 3; ++i) EXPECT_GE(wait_for_timer(loop, 1500us), 1500us);
    }}.join();
  }
}

/// What a plugin waits for on the loop's thread is no business of the loop's timers.
TEST(LoopWaitTest, LeavesOtherWaitsOnItsThreadAlone) {
  Loop loop;
  LoopTimers timers{loop};
  TimerRoom room{};
  timers.start(
      room, 1ms, [](void*) noexcept {}, nullptr);
  const Fd set{::epoll_create1(EPOLL_CLOEXEC)};
  const auto begun = Clock::now();
  epoll_event event;
  EXPECT_EQ(::epoll_wait(set.get(), &event, 1, 20), 0);
  EXPECT_GE(Clock::now() - begun, 20ms);
  loop.run();
}

}  // namespace
}  // namespace indrik::worker
