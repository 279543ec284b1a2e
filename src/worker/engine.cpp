#include "worker/engine.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>

#include <fmt/format.h>

#include "net/tls_context.h"
#include "process/memory.h"

namespace indrik::worker {
namespace {

constexpr ev_tstamp kLeaveAfter = 0.1;   // seconds from TERM until the listeners are left, where nobody says sooner
constexpr ev_tstamp kAccessFlush = 0.2;  // seconds that a line of the access log may wait for company
constexpr seconds kComplaintPause{10};   // between two lines about the same trouble
constexpr std::size_t kTurnedAway = 64;  // connections above the bound that are told so at once
constexpr std::size_t kKeptScratch = 256 * 1024;  // bytes of one scratch string

/// A blocking worker takes one connection a turn: while it works, its siblings take the rest.
int accept_batch(WorkerClass worker_class) noexcept { return worker_class == WorkerClass::sync ? 1 : 8; }

std::optional<Sharing> sharing(const Options& options, const Surroundings& around) {
  const bool among_them = std::ranges::any_of(around.siblings, [&](const auto& slot) { return &slot == &around.slot; });
  if (!options.fair_accept || !among_them) return std::nullopt;
  return Sharing{.own = around.slot,
                 .all = around.siblings,
                 .bells = around.bells,
                 .one_at_a_time = options.worker_class == WorkerClass::sync};
}

void connection_expired(Deadline& deadline, const DeadlineQueue& queue) { Connection::of(deadline).expire(queue); }
void exchange_expired(Deadline& deadline, const DeadlineQueue& queue) { RunningExchange::of(deadline).expire(queue); }

process::SignalQueue open_signals() {
  auto queue = process::SignalQueue::open({SIGTERM, SIGINT, SIGQUIT, SIGUSR1});
  if (!queue) throw BootError{ExitCode::run_failed, queue.error().text()};
  return *std::move(queue);
}

}  // namespace

Engine::Deadlines::Deadlines(const Loop& loop, const Options& options)
    : handshake{loop, options.handshake_timeout, connection_expired},
      first_byte{loop, options.first_byte_timeout, connection_expired},
      head{loop, options.head_timeout, connection_expired},
      body{loop, options.body_timeout, connection_expired},
      write{loop, Uptake::look_interval(options.write_timeout), connection_expired},
      idle{loop, options.keep_alive, connection_expired},
      linger{loop, options.linger_timeout, connection_expired},
      request{loop, options.timeout, exchange_expired},
      queue{loop, options.queue_timeout, exchange_expired} {}

Engine::Engine(const Options& options, const Surroundings& surroundings)
    : options_{options},
      around_{surroundings},
      deadlines_{loop_, options_},
      conversations_{*this, around_.streams},
      executor_{make_executor(options_, *this)},
      acceptor_{
          loop_,
          around_.listeners,
          accept_batch(options_.worker_class),
          [this](Fd socket, std::string peer, int listener) { accept(std::move(socket), std::move(peer), listener); },
          [this](const Error& reason) { complain_of_starvation(reason); },
          sharing(options_, around_)},
      signals_{open_signals()},
      signal_watcher_{loop_},
      heartbeat_{loop_},
      turn_begin_{loop_},
      turn_end_{loop_},
      access_flush_{loop_},
      graceful_timer_{loop_},
      leave_timer_{loop_},
      crowded_timer_{loop_} {
  // The slot counts on from its worker before us.
  if (options_.max_requests > 0)
    retires_at_ = around_.slot.requests.load(std::memory_order_relaxed) + options_.max_requests;
  signal_watcher_.set<Engine, &Engine::on_signal>(this);
  heartbeat_.set<Engine, &Engine::on_heartbeat>(this);
  turn_begin_.set<Engine, &Engine::on_turn_begin>(this);
  turn_begin_.priority = EV_MAXPRI;
  turn_end_.set<Engine, &Engine::on_turn_end>(this);
  access_flush_.set<Engine, &Engine::on_access_flush>(this);
  graceful_timer_.set<Engine, &Engine::on_graceful_timeout>(this);
  leave_timer_.set<Engine, &Engine::on_leave>(this);
  crowded_timer_.set<Engine, &Engine::on_crowded>(this);
}

Engine::~Engine() = default;

void Engine::run() {
  if (const auto resumed = acceptor_.resume(); !resumed) throw BootError{ExitCode::run_failed, resumed.error().text()};
  signal_watcher_.start(signals_.fd(), ev::READ);
  heartbeat_.start(to_tstamp(options_.heartbeat), to_tstamp(options_.heartbeat));
  turn_begin_.start();
  turn_end_.start();
  beat();
  watch_for_stalls();
  set_state(process::WorkerState::ready);
  loop_.run();
  stall_watch_.reset();
  finish();
}

/// A sync worker's handlers may hold it: that is what they are told.
void Engine::watch_for_stalls() {
  if (options_.worker_class == WorkerClass::sync || options_.stall_threshold <= milliseconds::zero()) return;
  if (around_.stalls == nullptr) return;
  stall_watch_.emplace(turn_.pulse, options_.stall_threshold, *around_.stalls);
  turn_.watch = &*stall_watch_;
  if (const auto started = stall_watch_->start(); !started)
    log().warning("{}: handlers that hold the loop are not reported", started.error().text());
}

void Engine::set_state(process::WorkerState state) noexcept {
  around_.slot.state.store(state, std::memory_order_release);
  notify_master();
}

void Engine::notify_master() noexcept {
  const std::uint64_t one = 1;
  // Should the counter be full, the master has not looked since 2^64 notices ago; there is nothing to add to that.
  if (around_.notice_fd >= 0) (void)!::write(around_.notice_fd, &one, sizeof one);
}

/// The one of this descriptor.
const net::Listener& Engine::at(int listener) const noexcept {
  return *std::ranges::find(around_.listeners, listener, &net::Listener::fd);
}

/// A new client's socket, where edges can tell: on a unix socket a read ends at each descriptor that came with the
/// bytes (unix(7)), and elsewhere at each message.
void Engine::watch_edges(int socket, int listener) noexcept {
  if (at(listener).is_tcp()) edges().add(socket);
}

void Engine::accept(Fd socket, std::string peer, int listener) {
  const auto protocol = options_.proxies.protocol;
  const bool has_preamble = protocol != ProxyProtocol::off && options_.proxies.protocol_peers.contains_peer(peer);
  if (protocol == ProxyProtocol::required && !has_preamble) return complain_of_preamble(peer);
  const auto need = protocol == ProxyProtocol::required ? Preamble::Need::required : Preamble::Need::optional;
  if (const auto* const stream = conversations_.point_at(listener))
    return accept_stream(*stream, std::move(socket), std::move(peer),
                         has_preamble ? std::optional{need} : std::nullopt);
  std::unique_ptr<net::TlsStream> tls;
  if (around_.tls != nullptr && at(listener).speaks_tls()) {
    tls = around_.tls->accept(socket.get());
    if (!tls) return;  // no memory
  } else {
    watch_edges(socket.get(), listener);  // TLS has records, which hide what has come
  }
  connections_.emplace_front(*this, net::Stream{std::move(socket), std::move(tls)}, std::move(peer));
  connections_.front().place = connections_.begin();
  count_accepted();
  auto& connection = connections_.front();
  if (open_connections() > options_.connections) connection.turn_away();
  if (open_connections() >= options_.connections) take_breath();
  if (has_preamble) connection.await(need);
  connection.open();
  draining_ ? connection.drain() : connection.look_for_request();
}

/// There is no way to tell its client, in whatever protocol, that there is no room: the connection closes.
void Engine::accept_stream(const StreamPoint& at, Fd socket, std::string peer, std::optional<Preamble::Need> preamble) {
  const bool is_closed = closed_for(at.handler->plugin(), at.handler->name()) > seconds{0};
  if (open_connections() >= options_.connections || is_closed) return process::increment(around_.slot.refused);
  watch_edges(socket.get(), at.listener);
  auto& connection = conversations_.add(at, net::Stream{std::move(socket)}, std::move(peer));
  count_accepted();
  if (open_connections() >= options_.connections) take_breath();
  if (preamble) connection.await(*preamble);
  connection.open();
}

void Engine::count_accepted() noexcept {
  auto& slot = around_.slot;
  process::increment(slot.accepted);
  count_connections();
  slot.accepted_ns.store(coarse_monotonic_ns(), std::memory_order_relaxed);
}

void Engine::count_connections() noexcept {
  around_.slot.connections.store(static_cast<std::uint32_t>(open_connections()), std::memory_order_relaxed);
}

void Engine::complain_of_preamble(std::string_view peer) noexcept {
  ++bad_preambles_;
  if (Clock::now() < next_preamble_complaint_) return;
  next_preamble_complaint_ = Clock::now() + kComplaintPause;
  around_.log.warning("{}: no PROXY header that counts, closed ({} such connections since the last such line)",
                      peer.empty() ? "unix socket" : peer, std::exchange(bad_preambles_, 0));
}

void Engine::complain_of_slowness(std::string_view peer, std::string_view what) noexcept {
  ++slow_ones_;
  if (Clock::now() < next_slowness_complaint_) return;
  next_slowness_complaint_ = Clock::now() + kComplaintPause;
  around_.log.info("{}: {}, given up ({} such clients since the last such line)", peer.empty() ? "unix socket" : peer,
                   what, std::exchange(slow_ones_, 0));
}

void Engine::complain_of_field(std::string_view name) noexcept {
  constexpr std::size_t kShown = 100;
  if (std::exchange(complained_of_field_, true)) return;
  around_.log.warning("field {} is left out for the underscore in its name (header_map); more such are not logged",
                      name.substr(0, kShown));
}

void Engine::complain_of_starvation(const Error& reason) noexcept {
  if (Clock::now() < next_complaint_) return;
  next_complaint_ = Clock::now() + kComplaintPause;
  around_.log.error("{}; {} are open, others wait", reason.text(), open_connections());
}

void Engine::complain_of_lost_lines() noexcept {
  const auto lost = around_.access_log->dropped_lines();
  if (lost == lost_lines_ || Clock::now() < next_complaint_) return;
  next_complaint_ = Clock::now() + kComplaintPause;
  around_.log.error("{} lines of the access log are lost: it cannot be written", lost - lost_lines_);
  lost_lines_ = lost;
}

/// There is no room for more: they are the siblings' now, or wait.
void Engine::take_breath() noexcept {
  acceptor_.pause();
  if (draining_ || crowded_timer_.is_active() || options_.queue_timeout <= milliseconds::zero()) return;
  queue_was_empty_ = Clock::now();
  const auto often = std::clamp(options_.queue_timeout / 4, milliseconds{5}, milliseconds{250});
  crowded_timer_.start(to_tstamp(often), to_tstamp(often));
}

/// A queue that nobody has emptied for the queue_timeout says that there is no room in any worker, and that whoever
/// stands in it first has waited for that long.
void Engine::on_crowded(ev::timer&, int) noexcept {
  const auto now = Clock::now();
  if (!acceptor_.has_waiting()) queue_was_empty_ = now;
  if (now - queue_was_empty_ < options_.queue_timeout) return;
  const auto above = open_connections() - std::min(options_.connections, open_connections());
  if (above < kTurnedAway) (void)acceptor_.empty(kTurnedAway - above);
}

seconds Engine::retry_after() const noexcept {
  return std::max(seconds{1}, std::chrono::ceil<seconds>(options_.queue_timeout));
}

void Engine::bury(Connection& connection) noexcept {
  buried_.splice(buried_.begin(), connections_, connection.place);
  count_connections();
}

void Engine::on_turn_begin(ev::check&, int) noexcept { turn_begun_ns_ = coarse_monotonic_ns(); }

/// What came during the turn before is read in this one.
bool Engine::is_held_up() const noexcept {
  constexpr milliseconds kNoticed =
      kLongWait - milliseconds{20};  // two of the coarse clock's ticks, where they are longest
  const auto timeout = options_.queue_timeout > milliseconds::zero() ? options_.queue_timeout / 2 : kNoticed;
  return nanoseconds{coarse_monotonic_ns() - turn_begun_ns_ + last_turn_ns_} >= std::min(timeout, kNoticed);
}

/// Handlers that are woken here have the loop, too.
void Engine::on_turn_end(ev::prepare&, int) noexcept {
  end_turn();
  last_turn_ns_ = coarse_monotonic_ns() - turn_begun_ns_;
}

void Engine::end_turn() noexcept {
  if (around_.slot.requests.load(std::memory_order_relaxed) >= retires_at_) ask_to_retire();
  for (auto exchanges = std::exchange(completing_, {}); auto* const exchange : exchanges) exchange->complete();
  wake_waiters();
  conversations_.deliver_wakes();
  cancel_abandoned();  // after those who wait for their clients and have heard it themselves
  acceptor_.end_turn();
  const bool streams_freed = conversations_.free_buried();
  if (buried_.empty() && !streams_freed) return;
  buried_.clear();
  if (draining_) {
    if (!leave_timer_.is_active()) leave_listeners();
    end_when_drained();
  } else if (open_connections() < options_.connections) {
    crowded_timer_.stop();
    if (const auto resumed = acceptor_.resume(); !resumed) log().error("{}; trying again", resumed.error().text());
  }
}

/// Those who are woken may wake others, and end.
void Engine::wake_waiters() noexcept {
  while (!woken_.empty()) {
    RunningExchange& exchange = *woken_.back();
    woken_.pop_back();
    exchange.wake_pending = false;
    const RunningMark mark{turn_, exchange};
    exchange.flow()->deliver_wakes();
  }
}

void Engine::cancel_soon(RunningExchange& exchange) noexcept {
  if (!std::exchange(exchange.cancel_pending, true)) abandoned_.push_back(&exchange);
}

void Engine::cancel_abandoned() noexcept {
  while (!abandoned_.empty()) {
    RunningExchange& exchange = *abandoned_.back();
    abandoned_.pop_back();
    exchange.cancel_pending = false;
    const RunningMark mark{turn_, exchange};
    exchange.abandon();
  }
}

void Engine::wake_soon(RunningExchange& exchange) noexcept {
  if (std::exchange(exchange.wake_pending, true)) return;
  woken_.push_back(&exchange);
}

/// The master sends TERM when a successor is ready and it is this worker's turn.
void Engine::ask_to_retire() noexcept {
  asked_to_retire_ = true;
  retires_at_ = std::numeric_limits<std::uint64_t>::max();
  if (around_.master == 0) return drain();
  around_.slot.asks_to_retire.store(true, std::memory_order_relaxed);
  notify_master();
}

void Engine::retire(std::string_view why) noexcept {
  if (asked_to_retire_) return;
  around_.log.warning("{}: retiring", why);
  ask_to_retire();
}

void Engine::on_signal(ev::io&, int) noexcept {
  while (const auto signal = signals_.next()) {
    switch (signal->ssi_signo) {
      case SIGTERM:
        drain();
        // Sent to the whole process group, it may be here before the master has said that all workers end.
        if (around_.master == 0 || static_cast<pid_t>(signal->ssi_pid) == around_.master) leave_listeners();
        break;
      case SIGUSR1:
        reopen_logs();
        break;
      default:  // INT, QUIT
        loop_.stop();
    }
  }
}

void Engine::beat() noexcept { around_.slot.heartbeat_ns.store(monotonic_ns(), std::memory_order_relaxed); }

void Engine::on_heartbeat(ev::timer&, int) noexcept {
  beat();
  if (around_.master != 0 && ::getppid() != around_.master && !draining_) {
    around_.log.error("the master has gone: ending");
    drain();
    leave_listeners();
  }
  acceptor_.look_for_forgotten();
  if (exchanges_.shrink()) process::release_free_memory();
  executor_->on_heartbeat();
  if (options_.max_memory > 0 && !asked_to_retire_) look_at_memory();
}

void Engine::look_at_memory() noexcept {
  const auto resident = process::resident_memory();
  if (!resident) return around_.log.warning("max_memory: {}", resident.error().text());
  if (*resident <= options_.max_memory) return;
  constexpr std::size_t kMiB = 1024 * 1024;
  retire(fmt::format("{} MiB are resident, more than max_memory allows ({} MiB)", *resident / kMiB,
                     options_.max_memory / kMiB));
}

void Engine::drain() noexcept {
  if (std::exchange(draining_, true)) return;
  set_state(process::WorkerState::retiring);
  acceptor_.pause();
  crowded_timer_.stop();
  deadlines_.idle.set_duration(options_.drain_idle);
  if (options_.drain_idle > milliseconds::zero())
    deadlines_.linger.set_duration(std::min(options_.linger_timeout, options_.drain_idle));
  for (auto place = connections_.begin(); place != connections_.end();) (place++)->drain();  // it may leave the list
  conversations_.drain();
  leave_timer_.start(kLeaveAfter);
  if (options_.graceful_timeout > milliseconds::zero()) graceful_timer_.start(to_tstamp(options_.graceful_timeout));
}

/// When the whole server stops, whoever connected before is served: nobody else would take it from the queue. Otherwise
/// the queue is the siblings'.
void Engine::leave_listeners() noexcept {
  if (listeners_left_) return;
  const auto room = options_.connections - std::min(options_.connections, open_connections());
  if (around_.slot.server_stops.load(std::memory_order_acquire) && !acceptor_.empty(room)) return end_when_drained();
  leave_timer_.stop();
  acceptor_.close();
  listeners_left_ = true;
  end_when_drained();
}

void Engine::on_leave(ev::timer&, int) noexcept { leave_listeners(); }

void Engine::end_when_drained() noexcept {
  if (open_connections() == 0 && !leave_timer_.is_active()) loop_.stop();
}

void Engine::on_graceful_timeout(ev::timer&, int) noexcept {
  around_.log.warning("graceful_timeout: leaving {} connections with {} requests in flight", open_connections(),
                      around_.slot.in_flight.load(std::memory_order_relaxed));
  loop_.stop();
}

void Engine::reopen_logs() noexcept {
  if (const auto reopened = around_.log.reopen(); !reopened) around_.log.error("{}", reopened.error().text());
  if (!around_.access_log) return;
  if (const auto reopened = around_.access_log->reopen(); !reopened)
    around_.log.error("{}; writing to the old file", reopened.error().text());
}

void Engine::flush_access_log_soon() noexcept {
  if (!access_flush_.is_active()) access_flush_.start(kAccessFlush);
}

void Engine::on_access_flush(ev::timer&, int) noexcept {
  around_.access_log->flush();
  complain_of_lost_lines();
}

void Engine::finish() noexcept {
  if (around_.access_log) around_.access_log->flush();
  around_.slot.connections.store(0, std::memory_order_relaxed);
  around_.slot.in_flight.store(0, std::memory_order_relaxed);
  around_.slot.expected.store(0, std::memory_order_relaxed);
  around_.slot.ends_in_order.store(true, std::memory_order_relaxed);
  // A thread inside a handler cannot be stopped, and what it works on must not be taken from under it.
  if (!executor_->is_stuck()) return;
  std::fflush(nullptr);
  ::_exit(static_cast<int>(ExitCode::ok));
}

seconds Engine::closed_for(std::string_view plugin, std::string_view route) const noexcept {
  const auto* const closed = around_.closed_routes;
  if (closed == nullptr || !closed->any()) return seconds{0};
  const auto until = closed->closed_until(process::route_key(plugin, route));
  if (until == 0) return seconds{0};
  return std::max(std::chrono::ceil<seconds>(nanoseconds{until - monotonic_ns()}), seconds{0});
}

SlabPtr<RunningExchange> Engine::take_exchange() {
  auto spare = exchanges_.take();
  return spare ? std::move(spare) : make_in<RunningExchange>(exchange_rooms_, *this);
}

void Engine::give_back(SlabPtr<RunningExchange>&& exchange) noexcept {
  if (std::exchange(exchange->wake_pending, false)) std::erase(woken_, exchange.get());
  if (std::exchange(exchange->cancel_pending, false)) std::erase(abandoned_, exchange.get());
  if (exchange->queued) {
    exchange->detach();
    withdrawn_.push_back(std::move(exchange));
    return;
  }
  exchange->reset();  // its timers, too, which must not outlive it
  if (!exchanges_.has_room()) return exchange.reset();
  exchanges_.give_back(std::move(exchange));
}

void Engine::end_withdrawn(RunningExchange& exchange) noexcept {
  // Executors complete in the order of arrival, nearly: it stands near the front.
  const auto place = std::ranges::find(withdrawn_, &exchange, &SlabPtr<RunningExchange>::get);
  auto ended = std::move(*place);
  withdrawn_.erase(place);
  give_back(std::move(ended));
}

std::string Engine::take_scratch() {
  if (scratches_.empty()) return {};
  std::string scratch = std::move(scratches_.back());
  scratches_.pop_back();
  return scratch;
}

void Engine::give_back_scratch(std::string&& scratch) noexcept {
  if (scratch.capacity() > kKeptScratch) return;
  scratch.clear();
  scratches_.push_back(std::move(scratch));
}

}  // namespace indrik::worker
