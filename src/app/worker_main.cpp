#include "app/worker_main.h"

#include <fmt/format.h>
#include <pthread.h>

#include <optional>
#include <vector>

#include "app/child.h"
#include "app/plugins.h"
#include "app/tls.h"
#include "app/wiring.h"
#include "fiber/fiber.h"
#include "log/access_log.h"
#include "process/crash_handler.h"
#include "process/signal_queue.h"
#include "worker/worker.h"

namespace indrik::app {
namespace {

/// It could be opened when the server started; should it be gone now, serving matters more.
std::optional<log::AccessLog> access_log_if_possible(const config::Settings& settings, log::ErrorLog& log) {
  auto opened = open_access_log(settings);
  if (opened) return *std::move(opened);
  log.error("{}; serving without an access log", opened.error().text());
  return std::nullopt;
}

/// A program that a plugin starts by fork(2) must not be born with the signals blocked that the loop reads.
void give_children_their_signals() {
  if (const int error = ::pthread_atfork(nullptr, nullptr, process::restore_default_signals_in_child); error != 0)
    throw BootError{ExitCode::run_failed, Error::from_errno(error, "pthread_atfork").text()};
}

void serve(const Configuration& configuration, const supervisor::Seat& seat, net::TicketKeys& ticket_keys,
           log::ErrorLog& log) {
  const auto& settings = configuration.loaded.settings;
  const auto tls = make_tls(configuration, &ticket_keys, false);
  for (auto& listener : seat.listeners) listener.speak_tls(tls && speaks_tls(configuration, listener));
  settle_in_child(configuration, seat.master);
  if (const auto recorded = process::record_crashes(seat.crash, fiber::in_guard_page); !recorded)
    throw BootError{ExitCode::run_failed, recorded.error().text()};
  give_children_their_signals();
  auto access_log = access_log_if_possible(settings, log);
  Plugins plugins{configuration.apps,
                  log,
                  {.loading =
                       [&](const AppSpec& app) {
                         process::say_last_words(seat.slot, fmt::format("loading plugin {}", app.library.native()));
                       },
                   .loaded = process::record_modules}};
  process::say_last_words(seat.slot, {});
  const process::StallSeat stalls{.record = seat.stall,
                                  .counts = seat.stall_counts,
                                  .modules = seat.crash,
                                  .stalls = seat.slot.stalls,
                                  .lock_stalls = seat.slot.lock_stalls,
                                  .notice_fd = seat.notice_fd};
  std::vector<worker::StreamAt> streams;
  for (const auto& listener : seat.listeners)
    if (auto* const handler = plugins.stream_at(listener)) streams.push_back({listener.fd(), handler});
  worker::Worker worker{worker_options(settings),
                        {.listeners = seat.listeners,
                         .router = plugins.router(),
                         .slot = seat.slot,
                         .log = log,
                         .access_log = access_log ? &*access_log : nullptr,
                         .tls = tls ? &*tls : nullptr,
                         .notice_fd = seat.notice_fd,
                         .closed_routes = &seat.closed_routes,
                         .stalls = &stalls,
                         .siblings = seat.siblings,
                         .bells = seat.bells,
                         .streams = streams,
                         .master = seat.master}};
  plugins.start(worker.services());
  worker.run();
  plugins.stop();
}

}  // namespace

int worker_main(const Configuration& configuration, const supervisor::Seat& seat, net::TicketKeys& ticket_keys,
                log::ErrorLog& log) {
  try {
    serve(configuration, seat, ticket_keys, log);
    return static_cast<int>(ExitCode::ok);
  } catch (const BootError&) {
    throw;  // the master says it
  } catch (const std::exception& error) {
    throw BootError{ExitCode::run_failed, error.what()};
  }
}

}  // namespace indrik::app
