#include "contract/worker_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "log/access_log.h"
#include "log/error_log.h"
#include "net/tls_context.h"
#include "process/signal_queue.h"

namespace indrik::test {
namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void end_process(int code) {
#ifdef __SANITIZE_ADDRESS__
  if (__lsan_do_recoverable_leak_check() != 0) code = 99;
#endif
  ::_exit(code);
}

}  // namespace

std::vector<net::Listener> listen_somewhere() {
  std::vector<net::Listener> listeners;
  listeners.push_back(*net::Listener::open(*net::Address::parse("127.0.0.1:0"), {}));
  return listeners;
}

void run_worker(const worker::Options& options, const std::function<void(routing::Router&)>& routes,
                const WorkerPlace& place) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  {
    auto log = *log::ErrorLog::open((place.folder / "error.log").native(), log::Level::debug);
    auto access = *log::AccessLog::open((place.folder / "access.log").native(), R"(%(h)s "%(r)s" %(s)s %(b)s)");
    routing::Router router;
    routes(router);
    process::ignore_write_signals();
    std::optional<net::TlsContext> tls;
    if (place.tls != nullptr) tls = *net::TlsContext::create(*place.tls);
    for (auto& listener : place.listeners) listener.speak_tls(tls.has_value());
    const bool alone = place.scoreboard.slots().size() == 1;
    const process::CrashRecord no_modules;
    auto& slot = place.scoreboard.slots()[place.number];
    const process::StallSeat stalls{.record = place.scoreboard.stalls().records()[place.number],
                                    .counts = place.scoreboard.stalls().counts(),
                                    .modules = no_modules,
                                    .stalls = slot.stalls,
                                    .lock_stalls = slot.lock_stalls};
    worker::Surroundings around{.listeners = place.listeners,
                                .router = router,
                                .slot = slot,
                                .log = log,
                                .access_log = &access,
                                .tls = tls ? &*tls : nullptr,
                                .notice_fd = place.notice,
                                .stalls = &stalls};
    if (!alone) around.siblings = place.scoreboard.slots();
    if (!alone) around.bells = place.scoreboard.bells();
    std::vector<worker::StreamAt> streams;
    if (place.stream != nullptr) streams.push_back({place.listeners.back().fd(), place.stream});
    around.streams = streams;
    worker::Worker worker{options, around};
    worker.run();
  }
  end_process(0);
  ::_exit(0);
}

WorkerProcess::WorkerProcess(const worker::Options& options, const Routes& routes, const net::TlsOptions* tls)
    : listeners_{listen_somewhere()},
      scoreboard_{*process::Scoreboard::create(1)},
      address_{listeners_.front().address().text()} {
  start(options, routes, tls);
}

WorkerProcess::WorkerProcess(const worker::Options& options, const Routes& routes,
                             std::unique_ptr<stream::Handler> stream)
    : stream_{std::move(stream)},
      listeners_{listen_somewhere()},
      scoreboard_{*process::Scoreboard::create(1)},
      address_{listeners_.front().address().text()} {
  listeners_.push_back(std::move(listen_somewhere().front()));
  stream_address_ = listeners_.back().address().text();
  start(options, routes, nullptr);
}

void WorkerProcess::start(const worker::Options& options, const Routes& routes, const net::TlsOptions* tls) {
  for (const auto& listener : listeners_) {
    const bool has_room = receive_room == 0 ||
                          ::setsockopt(listener.fd(), SOL_SOCKET, SO_RCVBUF, &receive_room, sizeof receive_room) == 0;
    if (!has_room) throw std::runtime_error{"SO_RCVBUF"};
  }
  const Fd notice{::eventfd(0, EFD_CLOEXEC)};
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error{"fork"};
  if (pid_ == 0)
    run_worker(options, routes,
               {.folder = folder_.path(),
                .listeners = listeners_,
                .scoreboard = scoreboard_,
                .notice = notice.get(),
                .tls = tls,
                .stream = stream_.get()});
  pidfd_ = Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  listeners_.clear();  // the worker's alone from here on
  if (!await_fd(notice.get(), POLLIN, Deadline{})) throw std::runtime_error{"the worker is not ready: " + error_text()};
}

WorkerProcess::~WorkerProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void WorkerProcess::signal(int number) const { ::kill(pid_, number); }

void WorkerProcess::stop() const {
  signal(SIGSTOP);
  siginfo_t stopped{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED) != 0)
    throw std::runtime_error{"the worker cannot be stopped"};
}

int WorkerProcess::wait_exit() {
  if (!await_fd(pidfd_.get(), POLLIN, Deadline{})) throw std::runtime_error{"the worker does not end: " + error_text()};
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::string WorkerProcess::error_text() const { return read(folder_.path() / "error.log"); }
std::string WorkerProcess::access_text() const { return read(folder_.path() / "access.log"); }

}  // namespace indrik::test
