#include "worker/loop.h"

#include <gtest/gtest.h>

#include <string>
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

}  // namespace
}  // namespace indrik::worker
