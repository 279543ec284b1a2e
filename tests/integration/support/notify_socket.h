#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "integration/support/deadline.h"
#include "support/temporary_folder.h"

namespace indrik::test {

/// What a service told its manager at once: lines as sd_notify(3) sends them, with the descriptors that came along.
struct Notification {
  std::string text;
  std::vector<Fd> descriptors;
  pid_t sender = 0;

  bool has(std::string_view line) const;
  /// What follows "NAME=" in its line; empty: there is none.
  std::string value(std::string_view name) const;
};

/// A service manager's end of NOTIFY_SOCKET.
class NotifySocket {
 public:
  NotifySocket();

  /// "NOTIFY_SOCKET=…", for the server's environment.
  std::string variable() const;
  /// The first notification from now on with such a line; throws when none comes.
  Notification await(std::string_view line);
  /// Every text so far, in order.
  const std::vector<std::string>& heard() const noexcept { return heard_; }
  /// Descriptors that came for the store, by name, as long as the service has not had them removed.
  std::vector<std::pair<std::string, Fd>>& store() noexcept { return store_; }
  /// Nothing with such a line comes before `until` has passed.
  bool is_spared(std::string_view line, const Deadline& until);

 private:
  bool receive(Notification& into, const Deadline& deadline);
  void keep(Notification& notification);

  TemporaryFolder folder_;
  Fd fd_;
  std::vector<std::string> heard_;
  std::vector<std::pair<std::string, Fd>> store_;
};

}  // namespace indrik::test
