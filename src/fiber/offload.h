#pragma once

#include <cerrno>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/offloads.h"
#include "fiber/blocking_call.h"
#include "fiber/parking.h"

namespace indrik::fiber {

// What cannot be had without blocking runs on a thread of the loop's pool, beside it, while the fiber parks. There
// errno (and h_errno) are the thread's: they are carried to the fiber. Only inside a fiber that may park.

namespace detail {

/// A job of the loop's, and the fiber that waits for it.
class Offloaded {
 public:
  Offloaded() noexcept : job_{.run = &run, .done = &done, .context = this} {}
  virtual ~Offloaded() = default;
  Offloaded(const Offloaded&) = delete;
  Offloaded& operator=(const Offloaded&) = delete;

  /// Parks until it has ended, whatever happens. Runs it here when there is no thread for it.
  void run_through() noexcept;
  /// The same until the fiber's task is cancelled. False: it was; then `self` is this object, and belongs to the job,
  /// whose end is its own.
  static bool run_or_abandon(std::unique_ptr<Offloaded>& self) noexcept;

 private:
  virtual void work() noexcept = 0;
  static void run(void* self) noexcept;
  static void done(void* self) noexcept;
  bool submit(Parking& waiter) noexcept;
  void take_errors() const noexcept;

  OffloadJob job_;
  Parking* waiter_ = nullptr;  ///< null: abandoned
  bool over_ = false;
  int errno_ = 0;
  int h_errno_ = 0;
};

}  // namespace detail

/// Runs `work` and returns what it returns. Cancelling does not end it, so that it may use the fiber's stack and the
/// caller's buffers: for what ends by itself before long, as disks answer.
template <class Work>
auto run_on_thread(Work work) noexcept {
  using Value = std::invoke_result_t<Work&>;
  struct Job final : detail::Offloaded {
    explicit Job(Work& borrowed) noexcept : what{borrowed} {}
    void work() noexcept override { value = what(); }
    Work& what;
    Value value{};
  } job{work};
  job.run_through();
  return job.value;
}

/// Runs work->run() and returns true; or false as soon as the fiber's task is cancelled. Then `work` is empty, and
/// destroyed on the loop's thread when its run has ended: it owns all that it uses. For what may take for ever.
template <class Work>
bool run_until_cancelled(std::unique_ptr<Work>& work) noexcept {
  struct Job final : detail::Offloaded {
    explicit Job(std::unique_ptr<Work> owned) noexcept : what{std::move(owned)} {}
    void work() noexcept override { what->run(); }
    std::unique_ptr<Work> what;
  };
  std::unique_ptr<detail::Offloaded> job = std::make_unique<Job>(std::move(work));
  if (!detail::Offloaded::run_or_abandon(job)) return false;
  work = std::move(static_cast<Job&>(*job).what);
  return true;
}

}  // namespace indrik::fiber
