#include "server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "log/error_log.h"
#include "process/exit_status.h"
#include "process/signal_queue.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace indrik::supervisor::test {
namespace {

constexpr int kPatienceMs = 20'000;

/// Where workers write; set in the master's process before it forks.
int say_fd = -1;

int left_until(TimePoint deadline) {
  return std::max(0, static_cast<int>(std::chrono::ceil<milliseconds>(deadline - Clock::now()).count()));
}

process::Scoreboard make_scoreboard(std::size_t slots) {
  auto board = process::Scoreboard::create(slots);
  if (!board) std::abort();
  return *std::move(board);
}

void enter(process::WorkerState state, const Seat& seat) {
  seat.slot.heartbeat_ns = monotonic_ns();
  seat.slot.state = state;
  const std::uint64_t one = 1;
  (void)!::write(seat.notice_fd, &one, sizeof one);
}

}  // namespace

Shared::Shared()
    : value_{new (::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                 std::atomic<int>{0}} {}
Shared::~Shared() { ::munmap(value_, 4096); }

Server::Server(Setup setup) : scoreboard_{make_scoreboard(setup.slots)} {
  const auto fifo = (folder_ / "error.log").native();
  ::mkfifo(fifo.c_str(), 0600);
  lines_in_ = Fd{::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  alive_ = Fd{ends[0]};
  Fd alive{ends[1]};
  std::fflush(nullptr);  // or the workers would print the test program's lines once more
  master_ = ::fork();
  if (master_ == 0) run_master(setup, std::move(alive));
}

void Server::run_master(Setup& setup, Fd alive) {
  alive_.reset();
  lines_in_.reset();
  const auto fifo = (folder_ / "error.log").native();
  auto log = log::ErrorLog::open(fifo, log::Level::debug);
  const Fd say_end{::open(fifo.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
  say_fd = say_end.get();
  if (!setup.worker) setup.worker = obedient;
  Plan plan{.policy = setup.policy, .worker_main = setup.worker};
  for (const auto& listener : setup.listeners) plan.binding.addresses.push_back(listener.asked());
  if (!setup.reload) setup.reload = [&]() -> Result<Plan> { return plan; };
  if (setup.before_run) setup.before_run();
  int code = 0;
  {
    Master master{plan, setup.reload, ListenerPool{std::move(setup.listeners)}, scoreboard_, *log};
    code = master.run();
  }
  // The master must leave no child behind, not even a zombie.
  if (::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) code = 99;
#if defined(__SANITIZE_ADDRESS__)
  __lsan_do_leak_check();
#endif
  alive.reset();
  ::_exit(code);
}

Server::~Server() {
  if (!waited_ && master_ > 0) {
    ::kill(master_, SIGKILL);
    ::waitpid(master_, nullptr, 0);
  }
  await_end_of_all();
}

void Server::signal(int number) const noexcept { ::kill(master_, number); }

void Server::signal_worker(std::size_t slot, int number) noexcept { ::kill(pid_of(slot), number); }

bool Server::read_more(int timeout_ms) {
  pollfd readable{.fd = lines_in_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&readable, 1, timeout_ms) != 1) return false;
  char bytes[4096];
  const auto count = ::read(lines_in_.get(), bytes, sizeof bytes);
  if (count <= 0) return false;
  partial_.append(bytes, static_cast<std::size_t>(count));
  for (std::size_t end = 0; (end = partial_.find('\n')) != std::string::npos; partial_.erase(0, end + 1))
    lines_.push_back(partial_.substr(0, end));
  return true;
}

std::string Server::await(const std::string& text) {
  const auto deadline = Clock::now() + milliseconds{kPatienceMs};
  auto from = lines_.begin();
  while (true) {
    const auto found =
        std::find_if(from, lines_.end(), [&](const auto& line) { return line.find(text) != std::string::npos; });
    if (found != lines_.end()) {
      const auto line = *found;
      last_ = lines_.erase(found);
      return line;
    }
    const auto seen = lines_.size();
    if (!read_more(left_until(deadline)) && Clock::now() >= deadline) break;
    from = std::next(lines_.begin(), static_cast<std::ptrdiff_t>(seen));
  }
  std::string all;
  for (const auto& line : lines_) all += line + '\n';
  ADD_FAILURE() << "nobody said '" << text << "', but:\n" << all;
  return {};
}

void Server::await_ready(int times) {
  for (int i = 0; i < times; ++i) await(") is ready");
}

bool Server::said_before(const std::string& text) const {
  return std::any_of(lines_.begin(), std::list<std::string>::const_iterator{last_},
                     [&](const auto& line) { return line.find(text) != std::string::npos; });
}

std::string Server::rest() {
  while (read_more(0)) {
  }
  std::string all;
  for (const auto& line : lines_) all += line + '\n';
  return all;
}

int Server::exit_code() {
  const Fd ended{static_cast<int>(::syscall(SYS_pidfd_open, master_, 0))};
  pollfd readable{.fd = ended.get(), .events = POLLIN, .revents = 0};
  const auto deadline = Clock::now() + milliseconds{kPatienceMs};
  // Somebody must go on reading, or a full pipe holds the master up.
  while (::poll(&readable, 1, 10) == 0 && Clock::now() < deadline)
    while (read_more(0)) {
    }
  if (readable.revents == 0) {
    ADD_FAILURE() << "the master did not end; it said:\n" << rest();
    return -1;
  }
  int status = 0;
  ::waitpid(master_, &status, 0);
  waited_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool Server::await_end_of_all() {
  pollfd ended{.fd = alive_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, kPatienceMs) == 1;
}

void say(const Seat& seat, const std::string& what) {
  const auto line = fmt::format("seat {}: {}\n", seat.number, what);
  (void)!::write(say_fd, line.data(), line.size());
}

void become_ready(const Seat& seat) { enter(process::WorkerState::ready, seat); }

void retire(const Seat& seat) { enter(process::WorkerState::retiring, seat); }

void ask_to_retire(const Seat& seat) {
  seat.slot.asks_to_retire = true;
  const std::uint64_t one = 1;
  (void)!::write(seat.notice_fd, &one, sizeof one);
}

int obedient(const Seat& seat) { return deaf_to(seat, {}); }

int deaf_to(const Seat& seat, std::initializer_list<int> deaf) {
  auto queue = process::SignalQueue::open({SIGTERM, SIGINT, SIGQUIT, SIGUSR1});
  if (seat.slot.state == process::WorkerState::starting) become_ready(seat);
  while (true) {
    pollfd readable{.fd = queue->fd(), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, 20);
    seat.slot.heartbeat_ns = monotonic_ns();
    while (const auto signal = queue->next()) {
      const auto number = static_cast<int>(signal->ssi_signo);
      say(seat, "got " + process::signal_name(number) + (seat.slot.server_stops ? ", the server stops" : ""));
      if (number != SIGUSR1 && std::find(deaf.begin(), deaf.end(), number) == deaf.end()) return 0;
    }
  }
}

}  // namespace indrik::supervisor::test
