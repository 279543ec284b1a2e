#pragma once

#include <sys/types.h>

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "integration/support/deadline.h"
#include "support/temporary_folder.h"

namespace indrik::test {

/// How a process ended: with a code, or (signal != 0) killed.
struct ExitStatus {
  int code = 0;
  int signal = 0;
  bool operator==(const ExitStatus&) const = default;
};
std::ostream& operator<<(std::ostream& out, const ExitStatus& status);

/// build/PRESET/plugins/NAME.so and build/PRESET/tests/plugins/NAME.so of the build under test.
std::string built_plugin(std::string_view name);
std::string built_test_plugin(std::string_view name);

/// The first line with `text` in it, once `count` such lines are there; throws when `deadline` passes first, or the
/// process of `pidfd` (-1: none) ends without writing it. Waits by inotify(7).
std::string await_line(const std::filesystem::path& file, std::string_view text, std::size_t count, int pidfd,
                       const Deadline& deadline);

/// The real server as a child process. It dies with this object, or with the thread that made it, at the latest.
/// Throws std::runtime_error, with what the server said, at whatever a test need not check for itself.
class ServerProcess {
 public:
  struct Setup {
    std::filesystem::path folder{};          ///< working folder; empty: a new one
    std::vector<std::string> environment{};  ///< "NAME=value", beside what the test has
    std::filesystem::path program{};         ///< empty: the indrik that was built with the test
    /// Sockets that it is given as a service manager does it: names and descriptors, from 3 on.
    std::vector<std::pair<std::string, int>> passed{};
  };

  /// Starts it and returns at once. For a port of its own: "-b", "127.0.0.1:0".
  explicit ServerProcess(std::vector<std::string> arguments, Setup setup);
  explicit ServerProcess(std::vector<std::string> arguments) : ServerProcess{std::move(arguments), Setup{}} {}
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }
  const std::filesystem::path& folder() const noexcept { return folder_; }

  /// Where it listens: waits for its line "… listening at ADDRESS, ADDRESS …" and takes the addresses from it. From
  /// then on a connection is at least queued; a first answer tells that a worker is ready.
  std::vector<std::string> addresses() const;
  /// The first of them.
  std::string address() const { return addresses().front(); }
  /// Waits for the `count`-th line with `text` on its stderr and returns the first such line.
  std::string await_line(std::string_view text, std::size_t count = 1) const;
  std::string error_text() const { return contents_of(error_file_); }
  std::string output_text() const { return contents_of(output_file_); }

  void signal(int number) const;
  /// After USR2: waits for the `count`-th new master to be ready and for this one to end with code 0; from then on the
  /// new one is the server, and this process's child.
  void follow_upgrade(std::size_t count = 1);
  /// Its children, oldest first.
  std::vector<pid_t> worker_pids() const;
  /// Waits until it has so many children, and returns them.
  std::vector<pid_t> await_workers(std::size_t count) const;
  std::size_t open_descriptors() const;
  std::size_t resident_kib() const;

  /// Waits for its end; throws where the deadline passes first.
  ExitStatus wait_exit(milliseconds within = kPatience);
  /// Ends it by SIGTERM and expects: exit code 0, no worker left behind, no complaint of a sanitizer. A test that
  /// started a server ends with this.
  void expect_clean_stop();

 private:
  void start(std::vector<std::string> arguments, const Setup& setup);
  void expect_no_complaints() const;

  std::optional<TemporaryFolder> own_folder_;
  void watch(pid_t pid);

  std::filesystem::path folder_, error_file_, output_file_;
  pid_t pid_ = -1;
  Fd pidfd_;
  std::optional<ExitStatus> exit_;
};

}  // namespace indrik::test
