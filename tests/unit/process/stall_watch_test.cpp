#include "process/stall_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "base/fd.h"
#include "process/modules.h"
#include "process/running_request.h"
#include "process/stack_text.h"
#include "process/stall_board.h"

namespace indrik::process {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

using Kind = StallRecord::Kind;
using Stage = StallRecord::Stage;

/// The test's thread is the one that is watched.
class StallWatchTest : public testing::Test {
 protected:
  static constexpr milliseconds kThreshold{20};

  StallWatchTest() { modules.module_count = static_cast<std::uint32_t>(list_modules(modules.modules)); }

  StallSeat seat() {
    return {.record = board->records()[0],
            .counts = board->counts(),
            .modules = modules,
            .stalls = stalls,
            .lock_stalls = lock_stalls,
            .notice_fd = notice.get()};
  }

  bool is_told() { return record().stage.load(std::memory_order_acquire) == Stage::told; }
  /// As the master does: the notice first, for the next one may come as soon as there is room.
  void take() {
    pollfd source{.fd = notice.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&source, 1, 10'000), 1);
    std::uint64_t notices = 0;
    EXPECT_EQ(::read(notice.get(), &notices, sizeof notices), static_cast<ssize_t>(sizeof notices));
    record().stage = Stage::none;
  }
  StallRecord& record() { return board->records()[0]; }

  std::vector<std::string> stack() {
    return stack_lines({record().frames, record().frame_count}, {modules.modules, modules.module_count}, true);
  }

  /// Outside of any handler.
  bool await_told() {
    pollfd source{.fd = notice.get(), .events = POLLIN, .revents = 0};
    return ::poll(&source, 1, 10'000) == 1 && is_told();
  }

  Result<StallBoard> board = StallBoard::create(1);
  CrashRecord modules;
  std::atomic<std::uint64_t> stalls{0};
  std::atomic<std::uint64_t> lock_stalls{0};
  Fd notice{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Pulse pulse;
};

[[gnu::noinline]] void burn_until(const std::function<bool()>& done) {
  const auto limit = Clock::now() + 10s;
  while (!done() && Clock::now() < limit) continue;
}

/// All in one function: it calls none.
[[gnu::noinline]] void burn_until_told(const StallRecord& record) {
  const auto* const stage = reinterpret_cast<const std::uint32_t*>(&record.stage);
  while (__atomic_load_n(stage, __ATOMIC_ACQUIRE) != static_cast<std::uint32_t>(Stage::told)) continue;
}

TEST_F(StallWatchTest, TellsWhoHoldsTheThreadAndWhere) {
  const RunningRequest request{.method = "GET", .path = "/burn", .route = "/{what}", .plugin = "burner"};
  StallWatch watch{pulse, kThreshold, seat()};
  ASSERT_TRUE(watch.start());
  mark_running(&request);
  pulse.enter();
  burn_until([&] { return is_told(); });
  mark_running(nullptr);
  ASSERT_TRUE(is_told());
  EXPECT_EQ(record().kind, Kind::holds_loop);
  EXPECT_STREQ(record().method, "GET");
  EXPECT_STREQ(record().path, "/burn");
  EXPECT_STREQ(record().route, "/{what}");
  EXPECT_STREQ(record().plugin, "burner");
  EXPECT_GE(record().held_ns, nanoseconds{kThreshold}.count());
#if !defined(__SANITIZE_THREAD__)  // whose own functions, in which a thread may be, cannot be unwound
  EXPECT_NE(record().place, 0U);
  EXPECT_THAT(stack(), Contains(HasSubstr("burn_until")));
#endif
  burn_until([&] { return stalls == 1; });
  EXPECT_EQ(stalls, 1U);
  EXPECT_EQ(counts_of(board->counts(), "burner")->loops, 1U);
  pulse.leave();
}

TEST_F(StallWatchTest, TellsTheEndOfAStallAsSoonAsThereIsRoom) {
  StallWatch watch{pulse, kThreshold, seat()};
  ASSERT_TRUE(watch.start());
  pulse.enter();
  burn_until([&] { return is_told(); });
  pulse.leave();
  const auto place = record().place;
  take();
  ASSERT_TRUE(await_told());
  EXPECT_EQ(record().kind, Kind::let_go);
  EXPECT_EQ(record().place, place);
  EXPECT_GE(record().held_ns, nanoseconds{kThreshold}.count());
}

TEST_F(StallWatchTest, TellsOneStallOnce) {
  StallWatch watch{pulse, kThreshold, seat()};
  ASSERT_TRUE(watch.start());
  pulse.enter();
  burn_until([&] { return is_told(); });
  take();
  burn_until([until = Clock::now() + 4 * kThreshold] { return Clock::now() > until; });
  EXPECT_FALSE(is_told());
  EXPECT_EQ(stalls, 1U);
  pulse.leave();
}

TEST_F(StallWatchTest, NamesTheSamePlaceForTheSameFunctionsWhereverTheyAre) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's own functions, in which the thread mostly is, cannot be unwound";
#endif
  StallWatch watch{pulse, kThreshold, seat()};
  ASSERT_TRUE(watch.start());
  std::uint64_t places[3] = {};
  for (int i = 0; i < 3; ++i) {
    pulse.enter();
    burn_until_told(record());
    ASSERT_TRUE(is_told());
    EXPECT_EQ(record().kind, Kind::holds_loop);
    places[i] = record().place;
    pulse.leave();
    take();
    ASSERT_TRUE(await_told());
    EXPECT_EQ(record().kind, Kind::let_go);
    take();
  }
  EXPECT_EQ(places[0], places[1]);
  EXPECT_EQ(places[1], places[2]);
}

TEST_F(StallWatchTest, CountsWhatFindsNoRoom) {
  StallWatch watch{pulse, kThreshold, seat()};
  ASSERT_TRUE(watch.start());
  for (unsigned i = 1; i <= 3; ++i) {
    pulse.enter();
    burn_until([&] { return stalls == i; });
    pulse.leave();
  }
  take();
  pulse.enter();
  burn_until([&] { return stalls == 4; });
  burn_until([&] { return is_told() && record().kind == Kind::holds_loop; });
  EXPECT_EQ(record().untold, 2U);
  pulse.leave();
}

TEST_F(StallWatchTest, HoldsNoDescriptorOfTheOthers) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  StallWatch watch{pulse, kThreshold, seat()};
  ASSERT_TRUE(watch.start());
  pulse.enter();
  burn_until([&] { return is_told(); });  // it runs
  pulse.leave();
  ::close(pipe[1]);
  char byte = 0;
  EXPECT_EQ(::read(pipe[0], &byte, 1), 0) << "nobody has its other end";
  ::close(pipe[0]);
}

TEST_F(StallWatchTest, IsSilentAboutShortStaysHoweverMany) {
  StallWatch watch{pulse, kThreshold, seat()};
  ASSERT_TRUE(watch.start());
  burn_until([&, until = Clock::now() + 4 * kThreshold] {
    pulse.enter();
    pulse.leave();
    return Clock::now() > until;
  });
  EXPECT_EQ(stalls, 0U);
}

TEST_F(StallWatchTest, InterruptsASystemCallThatGoesOnByItself) {
  StallWatch watch{pulse, kThreshold, seat()};
  ASSERT_TRUE(watch.start());
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  std::thread other{[&] {
    burn_until([&] { return is_told(); });
    (void)!::write(pipe[1], "x", 1);
  }};
  pulse.enter();
  char byte = 0;
  EXPECT_EQ(::read(pipe[0], &byte, 1), 1);
  pulse.leave();
  other.join();
  EXPECT_TRUE(is_told());
#if !defined(__SANITIZE_THREAD__)  // which keeps a signal until the call has ended
  EXPECT_THAT(stack(), Contains(HasSubstr("read")));
#endif
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(StallWatchTest, TellsOfLocksOnceAPlaceAndCountsThem) {
  const RunningRequest request{.method = "GET", .path = "/", .route = "/", .plugin = "locker"};
  StallWatch watch{pulse, kThreshold, seat()};
  mark_running(&request);
  for (int i = 0; i < 3; ++i) {
    watch.note_locks(2);
    EXPECT_EQ(is_told(), i == 0);
    if (i > 0) continue;
    EXPECT_EQ(record().kind, Kind::holds_lock);
    EXPECT_EQ(record().locks, 2U);
    EXPECT_STREQ(record().plugin, "locker");
    EXPECT_THAT(stack(), Contains(HasSubstr("TellsOfLocksOnce")));
    take();
  }
  mark_running(nullptr);
  EXPECT_EQ(lock_stalls, 3U);
  EXPECT_EQ(counts_of(board->counts(), "locker")->locks, 3U);
}

TEST(PulseTest, WakesItsWatcherOnlyWhenAHandlerIsEntered) {
  Pulse pulse;
  std::atomic<int> woken{0};
  std::thread watcher{[&] {
    pulse.sleep(0);  // returns at once, or when it is entered
    ++woken;
    pulse.sleep(pulse.turn());
    ++woken;
  }};
  pulse.enter();
  while (woken == 0) std::this_thread::yield();
  pulse.leave();
  EXPECT_FALSE(Pulse::is_inside(pulse.turn()));
  pulse.stop();
  watcher.join();
  EXPECT_EQ(woken, 2);
  EXPECT_TRUE(pulse.is_stopped());
}

TEST(PulseTest, LeavesNoStayThatWasNotEntered) {
  Pulse pulse;
  pulse.enter();
  pulse.enter();
  const auto inner = pulse.turn();
  EXPECT_TRUE(Pulse::is_inside(inner));
  pulse.leave();
  EXPECT_FALSE(Pulse::is_inside(pulse.turn()));
  pulse.leave();
  EXPECT_FALSE(Pulse::is_inside(pulse.turn()));
  pulse.enter();
  EXPECT_NE(pulse.turn(), inner);
}

TEST(StallCountsTest, KeepPluginsApartByName) {
  auto board = *StallBoard::create(1);
  auto* const one = counts_of(board.counts(), "one");
  auto* const two = counts_of(board.counts(), "two");
  ASSERT_NE(one, two);
  EXPECT_EQ(counts_of(board.counts(), "one"), one);
  EXPECT_EQ(name_of(*two), "two");
  for (int i = 2; i < 64; ++i) EXPECT_NE(counts_of(board.counts(), std::to_string(i)), nullptr);
  EXPECT_EQ(counts_of(board.counts(), "one too many"), nullptr);
  EXPECT_EQ(counts_of(board.counts(), "two"), two);
}

}  // namespace
}  // namespace indrik::process
