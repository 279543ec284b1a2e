#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "control/request.h"

namespace indrik::control {

/// Asks a master at its control socket; waits, so it is not for servers. Every wait ends at the deadline at the latest.
class Caller {
 public:
  /// Fails where nobody listens there, or we may not ask.
  static Result<Caller> connect(const std::string& path, TimePoint deadline);

  /// Sends the request and returns the line of the answer, without its end.
  Result<std::string> ask(const Request& request);
  /// Waits until the master has closed the connection: after "stop" that is the end of its process.
  Result<void> await_end();

 private:
  Caller(Fd fd, TimePoint deadline) : fd_{std::move(fd)}, deadline_{deadline} {}
  /// What came next; empty: the end.
  Result<std::string> receive();
  Result<void> await(short events);

  Fd fd_;
  TimePoint deadline_;
};

}  // namespace indrik::control
