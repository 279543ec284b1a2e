// Tells what the process is that runs it: folder, user, environment, and what its children inherit.
#include <indrik/indrik.hpp>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

using indrik::Request;

/// "1000:1000 33,44": user, group and further groups.
std::string account() {
  gid_t groups[64];
  const int count = ::getgroups(64, groups);
  std::string out = std::to_string(::getuid()) + ':' + std::to_string(::getgid()) + ' ';
  for (int i = 0; i < count; ++i) out += (i > 0 ? "," : "") + std::to_string(groups[i]);
  return out;
}

/// Which ways back to root are open.
std::string ways_to_root() {
  std::string out;
  if (::setuid(0) == 0) out += "setuid ";
  if (::seteuid(0) == 0) out += "seteuid ";
  if (::setgid(0) == 0) out += "setgid ";
  if (::setegid(0) == 0) out += "setegid ";
  if (::setgroups(0, nullptr) == 0) out += "setgroups ";
  return out.empty() ? "none" : out;
}

/// The first blocked signal of a forked child, 0: none.
int blocked_in_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    for (int signal = 1; signal < NSIG; ++signal)
      if (::sigismember(&blocked, signal) == 1) ::_exit(signal);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

mode_t mode_of_new_file(const char* name) {
  ::close(::open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
  struct stat info {};
  ::stat(name, &info);
  return info.st_mode & 0777;
}

int death_signal() {
  int signal = 0;
  ::prctl(PR_GET_PDEATHSIG, &signal);
  return signal;
}

}  // namespace

INDRIK_PLUGIN("mirror", "1.0", [](indrik::App& app) {
  const auto at_load = account();
  app.get("/folder", [](const Request&) { return indrik::text(std::filesystem::current_path().native()); });
  app.get("/env/{name}", [](const Request& request) {
    const char* value = std::getenv(std::string{*request.param("name")}.c_str());
    return indrik::text(value ? value : "unset");
  });
  app.get("/account", [](const Request&) { return indrik::text(account()); });
  app.get("/account-at-load", [=](const Request&) { return indrik::text(at_load); });
  app.get("/ways-to-root", [](const Request&) { return indrik::text(ways_to_root()); });
  app.get("/blocked-in-child", [](const Request&) { return indrik::text(std::to_string(blocked_in_child())); });
  app.get("/new-file", [](const Request&) { return indrik::text(std::to_string(mode_of_new_file("made"))); });
  app.get("/pid", [](const Request&) { return indrik::text(std::to_string(::getpid())); });
  app.get("/death-signal", [](const Request&) { return indrik::text(std::to_string(death_signal())); });
});
