#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/loop_services.h"
#include "fiber/fiber.h"

namespace indrik::fiber {

/// A loop on poll(2) with real time, real descriptors and a thread for each job: what a worker's loop does for fibers.
/// Stricter than that one: a descriptor that is closed while it is watched fails the test.
class PollLoop final : private Timers, private Watches, private Offloads {
 public:
  PollLoop() = default;
  PollLoop(const PollLoop&) = delete;
  PollLoop& operator=(const PollLoop&) = delete;
  ~PollLoop() {
    for (auto& thread : threads_) thread.join();
  }

  LoopServices services() { return {*this, *this, *this}; }

  /// Turns until `condition` holds; a test that waits for longer than ten seconds waits for ever.
  void run_until(const std::function<bool()>& condition) {
    const auto give_up = Clock::now() + seconds{10};
    while (!condition()) {
      ASSERT_LT(Clock::now(), give_up) << "the loop waits for what does not happen";
      turn(give_up);
    }
  }
  /// What is ready or due by now, without waiting.
  void run_ready() { turn(Clock::now()); }

  std::size_t timers() const { return timers_.size(); }
  std::size_t watches() const { return watches_.size(); }
  std::size_t jobs() const { return jobs_; }

 private:
  struct Timer {
    TimerRoom* room;
    void (*fired)(void*) noexcept;
    void* context;
  };
  struct Watch {
    WatchRoom* room;
    pollfd wanted;
    void (*ready)(void*, short) noexcept;
    void* context;
  };

  void start(TimerRoom& room, nanoseconds delay, void (*fired)(void*) noexcept, void* context) noexcept override {
    // Some 292 years are forever.
    const auto now = Clock::now();
    timers_.emplace(delay < TimePoint::max() - now ? now + delay : TimePoint::max(), Timer{&room, fired, context});
  }
  void cancel(TimerRoom& room) noexcept override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.second.room == &room; });
  }
  void start(WatchRoom& room, int descriptor, short events, void (*ready)(void*, short) noexcept,
             void* context) noexcept override {
    watches_.push_back({&room, {.fd = descriptor, .events = events, .revents = 0}, ready, context});
  }
  void cancel(WatchRoom& room) noexcept override {
    std::erase_if(watches_, [&](const auto& watch) { return watch.room == &room; });
  }
  bool submit(OffloadJob& job) noexcept override {
    ++jobs_;
    threads_.emplace_back([this, &job] {
      job.run(job.context);
      const std::lock_guard lock{mutex_};
      done_.push_back(&job);
      ::eventfd_write(wake_.get(), 1);
    });
    return true;
  }

  void turn(TimePoint at_most) {
    wait(at_most);
    fire_watches();
    fire_timers();
    finish_jobs();
  }

  void wait(TimePoint at_most) {
    polled_.assign(1, {.fd = wake_.get(), .events = POLLIN, .revents = 0});
    for (const auto& watch : watches_) polled_.push_back(watch.wanted);
    const auto until = timers_.empty() ? at_most : std::min(at_most, timers_.begin()->first);
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    ::poll(polled_.data(), polled_.size(), static_cast<int>(std::max<milliseconds::rep>(0, left)));
  }

  /// What one callback does may end the watches of others: each is looked up anew.
  void fire_watches() {
    std::vector<std::pair<WatchRoom*, short>> ready;
    for (std::size_t i = 1; i < polled_.size(); ++i) {
      EXPECT_EQ(polled_[i].revents & POLLNVAL, 0) << "descriptor " << polled_[i].fd << " was closed while watched";
      if (polled_[i].revents != 0) ready.emplace_back(watches_[i - 1].room, polled_[i].revents);
    }
    for (const auto& [room, what] : ready) {
      const auto found =
          std::find_if(watches_.begin(), watches_.end(), [r = room](const Watch& watch) { return watch.room == r; });
      if (found == watches_.end()) continue;
      const auto watch = *found;
      watches_.erase(found);
      const auto held = static_cast<short>(what & watch.wanted.events);
      watch.ready(watch.context, held != 0 ? held : watch.wanted.events);
    }
  }

  /// Those that are due now; what they start is for the next turn.
  void fire_timers() {
    const auto now = Clock::now();
    std::vector<TimerRoom*> due;
    for (const auto& [when, timer] : timers_)
      if (when <= now) due.push_back(timer.room);
    for (const auto* const room : due) {
      const auto found =
          std::find_if(timers_.begin(), timers_.end(), [&](const auto& entry) { return entry.second.room == room; });
      if (found == timers_.end() || found->first > now) continue;
      const auto timer = found->second;
      timers_.erase(found);
      timer.fired(timer.context);
    }
  }

  void finish_jobs() {
    std::vector<OffloadJob*> done;
    {
      const std::lock_guard lock{mutex_};
      done.swap(done_);
      eventfd_t count = 0;
      if (!done.empty()) ::eventfd_read(wake_.get(), &count);
    }
    jobs_ -= done.size();
    for (auto* const job : done) job->done(job->context);
  }

  std::multimap<TimePoint, Timer> timers_;
  std::vector<Watch> watches_;
  std::vector<pollfd> polled_;
  const Fd wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex_;
  std::vector<OffloadJob*> done_;
  std::vector<std::thread> threads_;
  std::size_t jobs_ = 0;
};

/// For tests: fibers on such a loop. Whatever a test starts it lets end.
class PollLoopTest : public testing::Test {
 protected:
  /// Runs until it parks or ends. The fiber, for resume() and cancel(): valid while it is parked.
  Fiber* start(std::function<void()> body) {
    bodies_.push_back({this, std::move(body), nullptr});
    auto& job = bodies_.back();
    ++running_;
    EXPECT_TRUE(pool.start({&PollLoopTest::run, &PollLoopTest::done, &job}));
    return job.fiber;
  }
  /// Until every fiber has ended.
  void finish() {
    loop.run_until([this] { return running_ == 0; });
  }
  /// One fiber, to its end.
  void in_fiber(std::function<void()> body) {
    start(std::move(body));
    finish();
  }
  std::size_t running() const { return running_; }

  PollLoop loop;
  FiberPool pool{256 * 1024, loop.services()};

 private:
  struct Job {
    PollLoopTest* test;
    std::function<void()> body;
    Fiber* fiber;
  };
  static void run(void* context) noexcept {
    auto& job = *static_cast<Job*>(context);
    job.fiber = current();
    job.body();
  }
  static void done(void* context) noexcept { --static_cast<Job*>(context)->test->running_; }

  std::list<Job> bodies_;
  std::size_t running_ = 0;
};

}  // namespace indrik::fiber
