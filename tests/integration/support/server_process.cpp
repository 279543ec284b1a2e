#include "integration/support/server_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>
#include <stdexcept>

#include "base/error.h"
#include "base/strings.h"

namespace indrik::test {
namespace {

[[noreturn]] void broken(int error, const std::string& what) {
  throw std::runtime_error{what + ": " + Error::describe(error)};
}

/// The complete lines of `text` with `part` in them.
std::vector<std::string> lines_with(std::string_view text, std::string_view part) {
  std::vector<std::string> found;
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1))
    if (const auto line = text.substr(0, end); line.find(part) != std::string_view::npos) found.emplace_back(line);
  return found;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Fd open_for_writing(const std::filesystem::path& file) {
  Fd fd{::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
  if (!fd) broken(errno, "open " + file.native());
  return fd;
}

/// What the child needs; made before the fork, since after it nothing may be allocated (the test may have threads).
struct Launch {
  const char* program;
  const char* folder;
  char* const* arguments;
  char* const* environment;
  int input, output, error;
  const int* passed;  ///< copies above those that they become
  int passed_count;
  char* listen_pid;  ///< where the child writes its pid, behind "LISTEN_PID="
  pid_t parent;
};

[[noreturn]] void become_server(const Launch& launch) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // A test that is killed leaves no server behind. This fires when the thread that forked ends.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const bool orphaned = ::getppid() != launch.parent;
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // whatever the test's own parent left open is none of the server's
  for (int i = 0; i < launch.passed_count; ++i) ::dup2(launch.passed[i], 3 + i);
  char* end = launch.listen_pid;
  for (pid_t left = ::getpid(), unit = 1'000'000'000; unit > 0 && end != nullptr; unit /= 10)
    if (left >= unit || end != launch.listen_pid) *end++ = static_cast<char>('0' + left / unit % 10);
  if (!orphaned && ::chdir(launch.folder) == 0 && ::dup2(launch.input, 0) == 0 && ::dup2(launch.output, 1) == 1 &&
      ::dup2(launch.error, 2) == 2)
    ::execve(launch.program, launch.arguments, launch.environment);
  ::_exit(126);
}

std::filesystem::path built(std::string_view part) { return std::filesystem::path{INDRIK_BUILD_DIR} / part; }

}  // namespace

std::ostream& operator<<(std::ostream& out, const ExitStatus& status) {
  if (status.signal != 0) return out << "killed by signal " << status.signal;
  return out << "exit code " << status.code;
}

std::string built_plugin(std::string_view name) { return built("plugins") / (std::string{name} + ".so"); }
std::string built_test_plugin(std::string_view name) { return built("tests/plugins") / (std::string{name} + ".so"); }

std::string await_line(const std::filesystem::path& file, std::string_view text, std::size_t count, int pidfd,
                       const Deadline& deadline) {
  const Fd watch{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  if (!watch || ::inotify_add_watch(watch.get(), file.c_str(), IN_MODIFY) < 0) broken(errno, "watch " + file.native());
  for (bool ended = false;;) {
    const auto found = lines_with(contents_of(file), text);
    if (found.size() >= count) return found.front();
    if (ended || deadline.passed())
      throw std::runtime_error{(ended ? "the server ended without saying \"" : "the server did not say in time \"") +
                               std::string{text} + "\"; it said:\n" + contents_of(file)};
    std::array<pollfd, 2> events{pollfd{watch.get(), POLLIN, 0}, pollfd{pidfd, POLLIN, 0}};
    ::poll(events.data(), events.size(), deadline.left_ms());
    std::array<char, 4096> drained;
    while (::read(watch.get(), drained.data(), drained.size()) > 0) continue;
    ended = events[1].revents != 0;  // then look once more: its last words may be the ones
  }
}

ServerProcess::ServerProcess(std::vector<std::string> arguments, Setup setup) {
  if (setup.folder.empty()) setup.folder = own_folder_.emplace().path();
  if (setup.program.empty()) setup.program = built("indrik");
  folder_ = setup.folder;
  error_file_ = folder_ / "stderr";
  output_file_ = folder_ / "stdout";
  start(std::move(arguments), setup);
}

ServerProcess::~ServerProcess() {
  if (testing::Test::HasFailure()) std::cerr << "the server's log:\n" << error_text() << std::flush;
  if (exit_ || pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ServerProcess::start(std::vector<std::string> arguments, const Setup& setup) {
  const Fd input{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const Fd output = open_for_writing(output_file_);
  const Fd error = open_for_writing(error_file_);
  arguments.insert(arguments.begin(), setup.program.native());
  std::vector<std::string> environment = setup.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  std::string names;
  std::vector<Fd> copies;
  std::vector<int> passed;
  for (const auto& [name, fd] : setup.passed) {
    names += (names.empty() ? "" : ":") + name;
    copies.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 100));
    passed.push_back(copies.back().get());
  }
  constexpr std::string_view kListenPid = "LISTEN_PID=";
  if (!passed.empty()) {
    environment.push_back("LISTEN_FDS=" + std::to_string(passed.size()));
    environment.push_back("LISTEN_FDNAMES=" + names);
    environment.push_back(std::string{kListenPid} + std::string(16, '\0'));
  }
  const auto argument_pointers = pointers_to(arguments);
  const auto environment_pointers = pointers_to(environment);
  const Launch launch{.program = setup.program.c_str(),
                      .folder = folder_.c_str(),
                      .arguments = argument_pointers.data(),
                      .environment = environment_pointers.data(),
                      .input = input.get(),
                      .output = output.get(),
                      .error = error.get(),
                      .passed = passed.data(),
                      .passed_count = static_cast<int>(passed.size()),
                      .listen_pid = passed.empty() ? nullptr : environment.back().data() + kListenPid.size(),
                      .parent = ::getpid()};
  pid_ = ::fork();
  if (pid_ < 0) broken(errno, "fork");
  if (pid_ == 0) become_server(launch);
  watch(pid_);
}

void ServerProcess::watch(pid_t pid) {
  pid_ = pid;
  // Not pidfd_open(3): glibc 2.36 declares it without C linkage.
  pidfd_ = Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  if (!pidfd_) broken(errno, "pidfd_open");
}

void ServerProcess::follow_upgrade(std::size_t count) {
  constexpr std::string_view kMark = "new master (pid ";
  await_line("upgrade done", count);
  const auto done = lines_with(error_text(), "upgrade done").at(count - 1);
  const auto text = std::string_view{done}.substr(done.find(kMark) + kMark.size());
  const auto heir = parse_number<pid_t>(text.substr(0, text.find(')')));
  if (!heir) throw std::runtime_error{"no pid in: " + done};
  EXPECT_EQ(wait_exit(), (ExitStatus{.code = 0})) << error_text();
  exit_.reset();
  watch(*heir);
  test::await_line(error_file_, "has ended", count, pidfd_.get(), Deadline{});
}

std::vector<std::string> ServerProcess::addresses() const {
  constexpr std::string_view kMark = "listening at ";
  const auto line = await_line(kMark);
  std::vector<std::string> found;
  for (const auto part : split(std::string_view{line}.substr(line.find(kMark) + kMark.size()), ',')) {
    const auto address = trim(part);
    found.emplace_back(address.substr(0, address.find(' ')));
  }
  return found;
}

std::string ServerProcess::await_line(std::string_view text, std::size_t count) const {
  return test::await_line(error_file_, text, count, pidfd_.get(), Deadline{});
}

void ServerProcess::signal(int number) const {
  if (number == SIGUSR2) ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // the new master becomes ours when the old one has ended
  if (::kill(pid_, number) != 0) broken(errno, "signal the server");
}

std::vector<pid_t> ServerProcess::worker_pids() const {
  const auto pid = std::to_string(pid_);
  std::ifstream children{"/proc/" + pid + "/task/" + pid + "/children"};
  return {std::istream_iterator<pid_t>{children}, {}};
}

std::vector<pid_t> ServerProcess::await_workers(std::size_t count) const {
  std::vector<pid_t> workers;
  if (!await([&] { return (workers = worker_pids()).size() == count; }))
    throw std::runtime_error{"the server has " + std::to_string(workers.size()) + " workers, not " +
                             std::to_string(count) + "; it said:\n" + error_text()};
  return workers;
}

std::size_t ServerProcess::open_descriptors() const {
  const std::filesystem::directory_iterator descriptors{"/proc/" + std::to_string(pid_) + "/fd"};
  return static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors)));
}

std::size_t ServerProcess::resident_kib() const {
  std::ifstream status{"/proc/" + std::to_string(pid_) + "/status"};
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  throw std::runtime_error{"the server is gone"};
}

ExitStatus ServerProcess::wait_exit(milliseconds within) {
  if (exit_) return *exit_;
  if (!await_fd(pidfd_.get(), POLLIN, Deadline{within}))
    throw std::runtime_error{"the server did not end in time; it said:\n" + error_text()};
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) broken(errno, "waitpid");
  exit_ = WIFSIGNALED(status) ? ExitStatus{.signal = WTERMSIG(status)} : ExitStatus{.code = WEXITSTATUS(status)};
  return *exit_;
}

void ServerProcess::expect_clean_stop() {
  const auto workers = worker_pids();
  signal(SIGTERM);
  EXPECT_EQ(wait_exit(), (ExitStatus{.code = 0})) << error_text();
  for (const auto worker : workers) EXPECT_TRUE(::kill(worker, 0) != 0 && errno == ESRCH) << "worker left: " << worker;
  expect_no_complaints();
}

void ServerProcess::expect_no_complaints() const {
  const auto said = error_text();
  for (const auto* complaint : {"Sanitizer", "runtime error:"})
    EXPECT_EQ(said.find(complaint), std::string::npos) << said;
}

}  // namespace indrik::test
