// What a plugin asks of the loop, as far as it does not need one: tests/sdk has a real one.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <climits>
#include <optional>

#include "plugin/interfaces.h"
#include "unit/plugin/fakes.h"

namespace indrik::plugin {
namespace {

struct FakeWatches final : Watches {
  void start(WatchRoom&, int descriptor, short events, void (*ready)(void*, short) noexcept,
             void* context) noexcept override {
    watched = descriptor;
    asked_for = events;
    tell = ready;
    whom = context;
  }
  void cancel(WatchRoom&) noexcept override { watched = -1; }
  int watched = -1;
  short asked_for = 0;
  void (*tell)(void*, short) noexcept = nullptr;
  void* whom = nullptr;
};

struct FakeOffloads final : Offloads {
  bool submit(OffloadJob& taken) noexcept override {
    job = &taken;
    return takes;
  }
  bool takes = true;
  OffloadJob* job = nullptr;
};

struct FakePosts final : Posts {
  void post(Post& posted) noexcept override { last = &posted; }
  void withdraw(Post&) noexcept override { last = nullptr; }
  Post* last = nullptr;
};

struct FakeParking final : Parking {
  Place place() const noexcept override { return here; }
  Outcome park(ParkRoom&, nanoseconds timeout) noexcept override {
    waited = timeout;
    return outcome;
  }
  void unpark(ParkRoom&) noexcept override { ++unparked; }
  Place here = Place::loop;
  Outcome outcome = Outcome::unparked;
  nanoseconds waited{-1};
  int unparked = 0;
};

struct FakeTurns final : Turns {
  bool turn(nanoseconds) noexcept override { return !runs; }
  bool runs = false;
};

struct FakeGuest final : Guest {
  void enter(std::string_view plugin) noexcept override { inside = plugin; }
  void leave() noexcept override { inside.clear(); }
  std::string inside;
};

class LoopInterfaceTest : public testing::Test {
 protected:
  LoopInterfaceTest() { host.loop = &services; }
  /// For a callback: says who was inside when it was called.
  static void called(void* test) {
    auto& self = *static_cast<LoopInterfaceTest*>(test);
    ++self.calls;
    self.whose = self.guest.inside;
  }
  static void ready(void* test, std::uint32_t what) {
    static_cast<LoopInterfaceTest*>(test)->seen = what;
    called(test);
  }

  FakeTimers timers;
  FakeWatches watches;
  FakeOffloads offloads;
  FakePosts posts;
  FakeParking parking;
  FakeTurns turns;
  FakeGuest guest;
  LoopServices services{timers, watches, offloads, &posts, &parking, &turns, &guest};
  Host host{"name", {}};
  indrik_timer timer{};
  indrik_watch watch{};
  indrik_job job{};
  indrik_post post{};
  indrik_parker parker{};
  int calls = 0;
  std::string whose;
  std::uint32_t seen = 0;
};

TEST_F(LoopInterfaceTest, DoesNothingWhereThereIsNoLoop) {
  host.loop = nullptr;
  EXPECT_EQ(kLoop.place(&host), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.start_timer(&host, &timer, 1, called, this), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.start_watch(
                &host, &watch, 0, INDRIK_READABLE, [](void*, std::uint32_t) {}, this),
            INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.offload(&host, &job, called, called, this), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.post(&host, &post, called, this), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.park(&host, &parker, 1), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.turn(&host, 1), INDRIK_E_WRONG_PHASE);
  kLoop.cancel_timer(&host, &timer);
  kLoop.cancel_watch(&host, &watch);
  kLoop.withdraw(&host, &post);
  kLoop.unpark(&host, &parker);
}

TEST_F(LoopInterfaceTest, RefusesWhatCanNeverBeRight) {
  EXPECT_EQ(kLoop.start_timer(&host, nullptr, 1, called, this), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.start_timer(&host, &timer, 1, nullptr, this), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.start_watch(&host, &watch, -1, INDRIK_READABLE, ready, this), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.start_watch(&host, &watch, INT_MAX, INDRIK_READABLE, ready, this), INDRIK_E_INVALID);  // not open
  EXPECT_EQ(watches.watched, -1);
  EXPECT_EQ(kLoop.start_watch(&host, &watch, 0, 0, ready, this), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.start_watch(&host, &watch, 0, 4, ready, this), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.start_watch(&host, nullptr, 0, INDRIK_READABLE, ready, this), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.offload(&host, &job, nullptr, called, this), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.post(&host, nullptr, called, this), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.park(&host, &parker, -1), INDRIK_E_INVALID);
  EXPECT_EQ(kLoop.turn(&host, -1), INDRIK_E_INVALID);
}

TEST_F(LoopInterfaceTest, KeepsOtherThreadsFromTheLoop) {
  parking.here = Parking::Place::thread;
  EXPECT_EQ(kLoop.place(&host), INDRIK_ON_THREAD);
  EXPECT_EQ(kLoop.start_timer(&host, &timer, 1, called, this), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.offload(&host, &job, called, called, this), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.turn(&host, 1), INDRIK_E_WRONG_PHASE);
  EXPECT_EQ(kLoop.post(&host, &post, called, this), INDRIK_OK);
  EXPECT_EQ(kLoop.park(&host, &parker, 1), INDRIK_OK);
  parking.here = Parking::Place::fiber;
  EXPECT_EQ(kLoop.place(&host), INDRIK_IN_FIBER);
  EXPECT_EQ(kLoop.start_timer(&host, &timer, 1, called, this), INDRIK_OK);
  EXPECT_EQ(kLoop.turn(&host, 1), INDRIK_E_WRONG_PHASE);
}

TEST_F(LoopInterfaceTest, SaysWhoseCodeTheLoopRuns) {
  EXPECT_EQ(kLoop.start_timer(&host, &timer, 5, called, this), INDRIK_OK);
  timers.advance(nanoseconds{5});
  EXPECT_EQ(whose, "name");
  EXPECT_EQ(kLoop.post(&host, &post, called, this), INDRIK_OK);
  posts.last->fired(posts.last->context);
  EXPECT_EQ(kLoop.offload(&host, &job, called, called, this), INDRIK_OK);
  offloads.job->run(offloads.job->context);  // on a thread: nobody's turn
  EXPECT_EQ(whose, "");
  offloads.job->done(offloads.job->context);
  EXPECT_EQ(whose, "name");
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(guest.inside, "");
}

TEST_F(LoopInterfaceTest, WatchesADescriptor) {
  EXPECT_EQ(kLoop.start_watch(&host, &watch, STDERR_FILENO, INDRIK_READABLE | INDRIK_WRITABLE, ready, this), INDRIK_OK);
  EXPECT_EQ(watches.watched, STDERR_FILENO);
  EXPECT_EQ(watches.asked_for, POLLIN | POLLOUT);
  watches.tell(watches.whom, POLLOUT);
  EXPECT_EQ(seen, static_cast<std::uint32_t>(INDRIK_WRITABLE));
  EXPECT_EQ(whose, "name");
  kLoop.cancel_watch(&host, &watch);
  EXPECT_EQ(watches.watched, -1);
}

TEST_F(LoopInterfaceTest, SaysHowAWaitHasEnded) {
  EXPECT_EQ(kLoop.park(&host, &parker, 7), INDRIK_OK);
  EXPECT_EQ(parking.waited, nanoseconds{7});
  EXPECT_EQ(kLoop.park(&host, &parker, INDRIK_NO_TIMEOUT), INDRIK_OK);
  EXPECT_EQ(parking.waited, nanoseconds::max());
  parking.outcome = Parking::Outcome::timed_out;
  EXPECT_EQ(kLoop.park(&host, &parker, 7), INDRIK_E_AGAIN);
  parking.outcome = Parking::Outcome::cancelled;
  EXPECT_EQ(kLoop.park(&host, &parker, 7), INDRIK_E_CANCELLED);
  kLoop.unpark(&host, &parker);
  EXPECT_EQ(parking.unparked, 1);
}

TEST_F(LoopInterfaceTest, TellsWhatTheLoopRefuses) {
  offloads.takes = false;
  EXPECT_EQ(kLoop.offload(&host, &job, called, called, this), INDRIK_E_NO_MEMORY);
  EXPECT_EQ(kLoop.turn(&host, 0), INDRIK_OK);
  turns.runs = true;
  EXPECT_EQ(kLoop.turn(&host, 0), INDRIK_E_WRONG_PHASE);
}

}  // namespace
}  // namespace indrik::plugin
