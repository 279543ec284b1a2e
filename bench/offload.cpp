// What `file_offload` costs where nothing is slow: fibers on a worker's loop read 4 KiB that are in the page cache, by
// the call itself and by way of a thread. Of each the best of many rounds: one fiber alone, which is what a request
// waits, and 64 at once, which is what a busy worker pays; time by the clock and time of all processors a read.
//
//   cmake --build --preset release --target bench_offload && build/release/bench_offload [ROUNDS]      50
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/fd.h"
#include "fiber/fiber.h"
#include "fiber/file_offload.h"
#include "worker/loop.h"
#include "worker/loop_offloads.h"
#include "worker/loop_watches.h"

namespace {

using namespace indrik;

constexpr std::size_t kPiece = 4096;
constexpr int kReads = 2000;  ///< a round, of all fibers together

double microseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

/// Of this process, by the clock and by its processors.
struct Time {
  static Time now() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const std::chrono::duration<double, std::micro> clock = Clock::now().time_since_epoch();
    return {clock.count(), microseconds(usage.ru_utime) + microseconds(usage.ru_stime)};
  }
  double clock_us = 0;
  double processors_us = 0;
};

class Bench {
 public:
  explicit Bench(int rounds) : rounds_{rounds} {
    const std::array<char, kPiece> piece{};
    if (::pwrite(file_.get(), piece.data(), piece.size(), 0) != static_cast<ssize_t>(kPiece)) std::abort();
  }

  void run(const char* what, bool offloaded, int fibers) {
    fiber::offload_files(offloaded);
    Time best{1e9, 1e9};
    for (int round = 0; round < rounds_; ++round) {
      const auto begun = Time::now();
      read_all(fibers);
      const auto ended = Time::now();
      best.clock_us = std::min(best.clock_us, (ended.clock_us - begun.clock_us) / kReads);
      best.processors_us = std::min(best.processors_us, (ended.processors_us - begun.processors_us) / kReads);
    }
    std::printf("%-34s %6.2f us a read, %6.2f us of processors\n", what, best.clock_us, best.processors_us);
  }

 private:
  /// A fiber's share of a round's reads.
  struct Reader {
    Bench* bench;
    int reads;
  };

  void read_all(int fibers) {
    Reader reader{this, kReads / fibers};
    running_ = fibers;
    for (int i = 0; i < fibers; ++i)
      if (!pool_.start({&Bench::read_often, &Bench::end, &reader})) std::abort();
    while (running_ > 0) ev_run(loop_.raw(), EVRUN_ONCE);
  }
  static void read_often(void* context) noexcept {
    const auto& [bench, reads] = *static_cast<const Reader*>(context);
    std::array<char, kPiece> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by pread
    for (int i = 0; i < reads; ++i)
      if (::pread(bench->file_.get(), piece.data(), piece.size(), 0) != static_cast<ssize_t>(kPiece)) std::abort();
  }
  static void end(void* context) noexcept { --static_cast<const Reader*>(context)->bench->running_; }

  const int rounds_;
  const Fd file_{::open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  worker::Loop loop_;
  std::atomic<std::int64_t> heartbeat_{0};
  worker::LoopTimers timers_{loop_};
  worker::LoopWatches watches_{loop_, heartbeat_};
  worker::LoopOffloads offloads_{loop_, 8};
  fiber::FiberPool pool_{64 * 1024, {timers_, watches_, offloads_}};
  int running_ = 0;
};

}  // namespace

int main(int count, char** words) {
  Bench bench{count > 1 ? std::atoi(words[1]) : 50};
  bench.run("one fiber, file_offload = false", false, 1);
  bench.run("one fiber, file_offload = true", true, 1);
  bench.run("64 fibers, file_offload = false", false, 64);
  bench.run("64 fibers, file_offload = true", true, 64);
}
