#include "app/proof.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <string>

#include "app/child.h"
#include "app/escapes.h"
#include "app/plugins.h"
#include "app/tls.h"
#include "plugin/escapes.h"
#include "process/exit_status.h"
#include "process/signal_queue.h"

namespace indrik::app {
namespace {

// What the child says on its pipe. Its exit code alone proves nothing: a plugin may end the process with any.
constexpr char kLoading = 'l';  // once a plugin, before it is touched
constexpr char kGood = 'g';
constexpr char kRefused = 'r';  // the reason is in the log, the exit code is the child's

struct Pipe {
  Fd out, in;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw BootError{ExitCode::run_failed, Error::from_errno(errno, "pipe").text()};
  return {.out = Fd{ends[0]}, .in = Fd{ends[1]}};
}

void say(const Fd& pipe, char word) noexcept { (void)!::write(pipe.get(), &word, 1); }

[[noreturn]] void prove_in_child(const Configuration& configuration, pid_t parent, const Fd& report,
                                 log::ErrorLog& log) {
  auto code = ExitCode::ok;
  try {
    (void)make_tls(configuration, nullptr, true);
    for (const auto& sentence : exposed_keys(configuration)) log.warning("{}", sentence);
    settle_in_child(configuration, parent);
    if (const auto opened = open_access_log(configuration.loaded.settings); !opened)
      throw BootError{ExitCode::wrong_configuration, opened.error().text()};
    const auto before = plugin::loaded_files();
    const Plugins plugins{configuration.apps, log, {.loading = [&](const AppSpec&) { say(report, kLoading); }}};
    for (const auto& sentence : escapes(configuration, before)) log.warning("{}", sentence);
    say(report, kGood);
  } catch (const BootError& error) {
    log.error("{}", error.what());
    code = error.code();
    say(report, kRefused);
  } catch (const std::exception& error) {
    log.error("{}", error.what());
    code = ExitCode::plugin_not_loaded;
    say(report, kRefused);
  }
  ::_exit(static_cast<int>(code));
}

enum class Ending { by_itself, too_slow, told_to_stop };

Ending await(const Fd& child, process::SignalQueue& stops, milliseconds patience) {
  pollfd sources[] = {{.fd = child.get(), .events = POLLIN, .revents = 0},
                      {.fd = stops.fd(), .events = POLLIN, .revents = 0}};
  const int timeout = patience > milliseconds::zero() ? static_cast<int>(patience.count()) : -1;
  int ready = 0;
  while ((ready = ::poll(sources, 2, timeout)) < 0 && errno == EINTR) {
  }
  if (stops.next()) return Ending::told_to_stop;
  return ready == 0 ? Ending::too_slow : Ending::by_itself;
}

std::string all_of(const Fd& pipe) {
  std::string text;
  char buffer[256];
  for (ssize_t size; (size = ::read(pipe.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(size));
  return text;
}

/// Which plugin had the process when it ended.
std::string culprit(const Configuration& configuration, const std::string& report) {
  const auto begun = static_cast<std::size_t>(std::count(report.begin(), report.end(), kLoading));
  return begun == 0 ? "the server" : "plugin " + configuration.apps[begun - 1].library.native();
}

}  // namespace

std::optional<ExitCode> prove(const Configuration& configuration, log::ErrorLog& log) {
  auto stops = process::SignalQueue::open({SIGTERM, SIGINT, SIGQUIT});
  if (!stops) throw BootError{ExitCode::run_failed, stops.error().text()};
  process::block_signals({SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH});  // they wait for the master's loop
  auto report = make_pipe();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw BootError{ExitCode::run_failed, Error::from_errno(errno, "fork").text()};
  if (child == 0) prove_in_child(configuration, parent, report.in, log);
  report.in.reset();
  // Not pidfd_open(3): glibc 2.36 declares it without C linkage.
  const Fd descriptor{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  const auto patience = configuration.loaded.settings.boot_timeout;
  const auto ending = await(descriptor, *stops, patience);
  if (ending != Ending::by_itself) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  // A process that the plugin left behind may still hold the pipe: what is there now is all that counts.
  ::fcntl(report.out.get(), F_SETFL, O_NONBLOCK);
  const auto said = all_of(report.out);
  if (ending == Ending::told_to_stop) {
    log.info("told to stop while the plugins were being loaded");
    return ExitCode::ok;
  }
  if (ending == Ending::too_slow) {
    log.error("{} was not loaded within {} ms (boot_timeout)", culprit(configuration, said), patience.count());
    return ExitCode::plugin_not_loaded;
  }
  if (said.ends_with(kGood)) return std::nullopt;
  if (said.ends_with(kRefused) && WIFEXITED(status)) return static_cast<ExitCode>(WEXITSTATUS(status));
  log.error("{} ended the process that loaded it: it {}", culprit(configuration, said),
            process::exit_description(status));
  return ExitCode::plugin_not_loaded;
}

}  // namespace indrik::app
