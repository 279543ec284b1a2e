// Watches on a real loop, of descriptors that another thread closes.
#include "worker/loop_watches.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <list>
#include <thread>

#include "base/fd.h"
#include "base/loop_services.h"
#include "fiber/fiber.h"
#include "fiber/hooks.h"
#include "worker/loop.h"
#include "worker/loop_offloads.h"

namespace indrik::worker {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    to_read.reset(ends[0]);
    to_write.reset(ends[1]);
  }
  Fd to_read;
  Fd to_write;
};

/// What a call in a fiber came to, when it has ended.
struct Seen {
  long result = 1000;
  int error = 0;
  bool has_ended() const { return result != 1000; }
};

class LoopWatchesTest : public testing::Test {
 protected:
  // Named, so that the hooks are part of this program also where a sanitizer has calls of these names.
  LoopWatchesTest() { EXPECT_FALSE(fiber::hooked_symbols().empty()); }
  /// Runs a call in a fiber until it parks or ends.
  fiber::Fiber* start(Seen& seen, std::function<long()> call) {
    jobs_.push_back({std::move(call), seen, nullptr});
    EXPECT_TRUE(fibers.start({&LoopWatchesTest::run, [](void*) noexcept {}, &jobs_.back()}));
    return jobs_.back().fiber;
  }
  fiber::Fiber* start_read(Seen& seen, int descriptor) {
    return start(seen, [descriptor] {
      char byte = 0;
      return ::read(descriptor, &byte, 1);
    });
  }
  void run_until(const Seen& seen) {
    const auto give_up = Clock::now() + 10s;
    while (!seen.has_ended() && Clock::now() < give_up) ev_run(loop.raw(), EVRUN_ONCE);
    EXPECT_TRUE(seen.has_ended());
  }
  /// A turn in which the kernel hears of what is watched.
  void turn() { ev_run(loop.raw(), EVRUN_NOWAIT); }
  static void close_elsewhere(Fd& descriptor) {
    std::thread{[&] { descriptor.reset(); }}.join();
  }

  Loop loop;
  std::atomic<std::int64_t> heartbeat{0};
  LoopTimers timers{loop};
  LoopWatches watches{loop, heartbeat};
  LoopOffloads offloads{loop, 1};
  fiber::FiberPool fibers{64 * 1024, {timers, watches, offloads}};

 private:
  struct Job {
    std::function<long()> call;
    Seen& seen;
    fiber::Fiber* fiber;
  };
  static void run(void* context) noexcept {
    auto& job = *static_cast<Job*>(context);
    job.fiber = fiber::current();
    const long result = job.call();
    job.seen.error = errno;
    job.seen.result = result;
  }

  std::list<Job> jobs_;
};

TEST_F(LoopWatchesTest, WakeWhoWaitsForADescriptorThatAThreadHasClosedInTheSameTurn) {
  Pipe pipe;
  Seen read;
  Seen polled;
  const int number = pipe.to_read.get();
  pollfd wanted{.fd = number, .events = POLLIN, .revents = 0};
  start_read(read, number);
  start(polled, [&] { return ::poll(&wanted, 1, -1); });
  close_elsewhere(pipe.to_read);  // before the kernel has heard of the watch
  run_until(read);
  run_until(polled);
  EXPECT_EQ(read.result, -1);
  EXPECT_EQ(read.error, EBADF);
  EXPECT_EQ(polled.result, 1);
  EXPECT_EQ(wanted.revents, POLLNVAL);
}

TEST_F(LoopWatchesTest, WakeNobodyLaterButForWhatEndsAnyWait) {
  Pipe pipe;
  Seen seen;
  auto* const fiber = start_read(seen, pipe.to_read.get());
  turn();
  close_elsewhere(pipe.to_read);
  turn();
  EXPECT_FALSE(seen.has_ended());
  fiber::cancel(*fiber);
  run_until(seen);
  EXPECT_EQ(seen.error, ECANCELED);
  turn();
}

TEST_F(LoopWatchesTest, ServeWhoeverGetsTheNumberOfAClosedOneNext) {
  Pipe old;
  Seen forgotten;
  auto* const fiber = start_read(forgotten, old.to_read.get());
  turn();
  const int number = old.to_read.get();
  close_elsewhere(old.to_read);
  Pipe fresh;  // gets the lowest numbers that are free
  ASSERT_EQ(fresh.to_read.get(), number);
  fiber::cancel(*fiber);  // its request is over
  Seen seen;
  start_read(seen, number);
  turn();
  EXPECT_FALSE(seen.has_ended());
  ASSERT_EQ(::write(fresh.to_write.get(), "x", 1), 1);
  run_until(seen);
  EXPECT_EQ(seen.result, 1);
}

TEST_F(LoopWatchesTest, GoOnWhereTheDescriptionLivesOnElsewhere) {
  Pipe pipe;
  const Fd copy{::fcntl(pipe.to_read.get(), F_DUPFD_CLOEXEC, 0)};
  Seen seen;
  start_read(seen, pipe.to_read.get());
  turn();
  close_elsewhere(pipe.to_read);
  ASSERT_EQ(::write(pipe.to_write.get(), "x", 1), 1);  // the kernel still tells of the closed number
  run_until(seen);
  EXPECT_EQ(seen.error, EBADF);
  for (int i = 0; i < 3; ++i) turn();  // libev makes itself a new set
  Seen other;
  start_read(other, copy.get());
  run_until(other);
  EXPECT_EQ(other.result, 1);
}

}  // namespace
}  // namespace indrik::worker
