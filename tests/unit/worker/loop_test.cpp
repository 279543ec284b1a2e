#include "worker/loop.h"

#include <gtest/gtest.h>

#include <vector>

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
      test.beats.push_back(test.heartbeat);
      for (const auto begun = coarse_monotonic_ns(); coarse_monotonic_ns() == begun;) continue;
    }
  };

  Loop loop;
  std::atomic<std::int64_t> heartbeat = 0;
  std::vector<std::int64_t> beats;
};

TEST_F(LoopTimersBeatTest, GiveASignOfLifeForEachThatFires) {
  LoopTimers timers{loop, &heartbeat};
  const auto begun = coarse_monotonic_ns();
  Note notes[] = {{*this, {}}, {*this, {}}, {*this, {}}};
  for (auto& note : notes) timers.start(note.room, 1ms, Note::fired, &note);
  EXPECT_EQ(heartbeat, 0);
  loop.run();
  ASSERT_EQ(beats.size(), 3U);
  EXPECT_LE(begun, beats[0]);
  EXPECT_LT(beats[0], beats[1]);  // all were due in the same turn of the loop
  EXPECT_LT(beats[1], beats[2]);
}

TEST_F(LoopTimersBeatTest, DoWithoutAHeartbeat) {
  LoopTimers timers{loop};
  Note note{*this, {}};
  timers.start(note.room, 1ms, Note::fired, &note);
  loop.run();
  EXPECT_EQ(beats, std::vector<std::int64_t>{0});
}

TEST_F(LoopTimersBeatTest, GiveNoneForOneThatIsForgotten) {
  LoopTimers timers{loop, &heartbeat};
  Note note{*this, {}};
  timers.start(note.room, 1ms, Note::fired, &note);
  timers.cancel(note.room);
  loop.run();
  EXPECT_EQ(heartbeat, 0);
  EXPECT_TRUE(beats.empty());
}

}  // namespace
}  // namespace indrik::worker
