#include "process/program.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "process/daemon.h"
#include "process/signal_queue.h"

namespace indrik::process {
namespace {

constexpr int kNotExecuted = 126;  // as shells say it

bool is_ours(const std::filesystem::path& candidate) noexcept {
  struct stat named {};
  struct stat ours {};
  return ::stat(candidate.c_str(), &named) == 0 && ::stat("/proc/self/exe", &ours) == 0 &&
         named.st_dev == ours.st_dev && named.st_ino == ours.st_ino;
}

/// argv[0] is what the caller says it is: it counts only where it leads to the file that really runs.
std::filesystem::path path_of(std::string_view name, const std::filesystem::path& folder) {
  std::error_code ignored;
  if (name.find('/') != std::string_view::npos) {
    if (auto path = folder / name; is_ours(path)) return path;
  } else if (const char* places = std::getenv("PATH"); places != nullptr) {
    for (const auto place : split(places, ':'))
      if (auto path = folder / place / name; is_ours(path)) return path;
  }
  return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

/// sd_watchdog_enabled(3) takes no notice of a watchdog that is set up for another process.
bool is_for_us_alone(std::string_view variable, std::string_view private_prefix) {
  return variable.starts_with(private_prefix) || variable.starts_with("LISTEN_PID=") ||
         variable.starts_with("LISTEN_FDS=") || variable.starts_with("LISTEN_FDNAMES=") ||
         variable == fmt::format("WATCHDOG_PID={}", ::getpid());
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void keep_over_exec(int fd) noexcept { ::fcntl(fd, F_SETFD, 0); }

}  // namespace

Program Program::capture(int argc, const char* const* argv, const char* const* environment,
                         std::string_view private_prefix) {
  Program program;
  std::error_code ignored;
  program.folder_ = std::filesystem::current_path(ignored);
  program.arguments_.assign(argv, argv + argc);
  program.path_ = path_of(argc > 0 ? argv[0] : "", program.folder_);
  for (; environment && *environment; ++environment)
    if (!is_for_us_alone(*environment, private_prefix)) program.environment_.emplace_back(*environment);
  return program;
}

Result<pid_t> Program::start(std::span<const int> kept, int report,
                             const std::function<std::vector<std::string>(pid_t child)>& variables) const {
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Error::from_errno(errno, "fork"));
  if (pid == 0) become(kept, report, variables(::getpid()));
  return pid;
}

void Program::become(std::span<const int> kept, int report, std::vector<std::string> variables) const {
  restore_default_signals_in_child();
  for (const int fd : kept) keep_over_exec(fd);
  keep_over_exec(report);
  auto arguments = arguments_;
  auto environment = environment_;
  environment.insert(environment.end(), variables.begin(), variables.end());
  const bool is_home = folder_.empty() || ::chdir(folder_.c_str()) == 0;
  if (is_home) ::execve(path_.c_str(), pointers_to(arguments).data(), pointers_to(environment).data());
  const auto reason =
      Error::from_errno(errno, "{} {}", is_home ? "execute" : "enter", (is_home ? path_ : folder_).native());
  Launcher{Fd{report}}.release(kNotExecuted, reason.text());
  ::_exit(kNotExecuted);
}

}  // namespace indrik::process
