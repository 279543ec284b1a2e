// One worker as the master would fork it, in a process of its own: for tools that look into a process, and that a
// master would be in the way of (valgrind 3.19 does not know its pidfd_open(2)). Takes the server's own options, prints
// where it listens, and serves until TERM. `bench/instructions` runs it.
//
//   cmake --build --preset release --target bench_worker && build/release/bench_worker -c FILE
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "app/configuration.h"
#include "app/wiring.h"
#include "app/worker_main.h"
#include "base/error.h"
#include "process/signal_queue.h"

namespace {

using namespace indrik;

/// Takes it out of its Result, or ends with the sentence of its error.
template <class Value>
Value must(Result<Value> result) {
  if (!result) throw BootError{ExitCode::run_failed, result.error().text()};
  return *std::move(result);
}

app::Configuration read(int count, char** words) {
  auto read = app::read_configuration(config::Invocation::capture(count, words, ::environ));
  if (!read) throw BootError{read.error().code, fmt::to_string(fmt::join(read.error().sentences, "\n"))};
  return *std::move(read);
}

[[noreturn]] void serve(const app::Configuration& configuration) {
  const auto& settings = configuration.loaded.settings;
  process::ignore_write_signals();
  auto log = must(log::ErrorLog::open(settings.error_logfile, app::log_level(settings.log_level)));
  std::vector<net::Listener> listeners;
  for (const auto& address : configuration.addresses) {
    listeners.push_back(must(net::Listener::open(address, app::listen_options(configuration))));
    fmt::print("{}\n", listeners.back().address().text());
  }
  std::fflush(stdout);
  auto ticket_keys = must(net::TicketKeys::create());
  auto scoreboard = must(process::Scoreboard::create(1));
  auto& slot = scoreboard.slots()[0];
  slot.pid = ::getpid();
  const int code = app::worker_main(configuration,
                                    {.slot = slot,
                                     .number = 0,
                                     .crash = scoreboard.crashes().records()[0],
                                     .stall = scoreboard.stalls().records()[0],
                                     .stall_counts = scoreboard.stalls().counts(),
                                     .closed_routes = scoreboard.crashes().closed_routes(),
                                     .siblings = scoreboard.slots(),
                                     .bells = scoreboard.bells(),
                                     .notice_fd = -1,
                                     .master = ::getppid(),
                                     .listeners = listeners},
                                    ticket_keys, log);
  std::fflush(nullptr);
  ::_exit(code);  // as a forked worker ends: what is shared is not destroyed under it
}

}  // namespace

int main(int count, char** words) {
  try {
    serve(read(count, words));
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_worker: {}\n", error.what());
    return 1;
  }
}
