// What a soak asks for: handlers that wait, throw and catch across waits, and outlast their deadline. ?ms=N: for so
// long.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include <indrik/indrik.hpp>

namespace {

using indrik::Request;
using indrik::Response;

std::chrono::milliseconds time_of(const Request& request) {
  unsigned ms = 1;
  const auto text = request.query("ms").value_or("1");
  std::from_chars(text.data(), text.data() + text.size(), ms);
  return std::chrono::milliseconds{ms};
}

void wait(const Request& request) { std::this_thread::sleep_for(time_of(request)); }

/// By a socket on which nothing comes, until its own time is over, then something does.
Response wait_for_socket(const Request& request) {
  const auto ms = time_of(request).count();
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return indrik::status(503);
  const timeval within{.tv_sec = 0, .tv_usec = (ms + 1) * 1000};
  ::setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &within, sizeof within);
  char byte = 0;
  const bool in_vain = ::recv(pair[0], &byte, 1, 0) < 0 && (errno == EAGAIN || errno == ECANCELED);
  pollfd readable{.fd = pair[0], .events = POLLIN, .revents = 0};
  const int none = ::poll(&readable, 1, static_cast<int>(ms));
  const bool came = ::send(pair[1], "x", 1, 0) == 1 && ::recv(pair[0], &byte, 1, 0) == 1 && byte == 'x';
  ::close(pair[0]);
  ::close(pair[1]);
  return indrik::text("waited\n").status(in_vain && none <= 0 && came ? 200 : 599);
}

/// In turn with others who have the same mutex, and hold it while they wait.
Response wait_in_turn(const Request& request) {
  struct Turn {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_taken = false;
  };
  static std::array<Turn, 64> turns;
  auto& turn = turns[static_cast<std::size_t>(time_of(request).count()) % turns.size()];
  std::unique_lock lock{turn.mutex};
  if (std::exchange(turn.is_taken, true)) return indrik::text("not alone\n").status(599);
  std::this_thread::sleep_for(std::chrono::microseconds{100});
  turn.is_taken = false;
  turn.changed.wait_for(lock, std::chrono::milliseconds{1});
  turn.changed.notify_one();
  return indrik::text("in turn\n");
}

/// Exceptions in flight belong to a fiber: while one waits in a handler of its own, others throw theirs.
Response throw_across_waits(const Request& request) {
  const std::string mine{request.target()};
  try {
    try {
      throw std::runtime_error{mine};
    } catch (const std::runtime_error&) {
      wait(request);
      try {
        throw std::logic_error{mine + " within"};
      } catch (const std::logic_error& inner) {
        wait(request);
        if (inner.what() != mine + " within") return indrik::text("another's exception\n").status(599);
      }
      throw;
    }
  } catch (const std::runtime_error& outer) {
    wait(request);
    if (outer.what() != mine || std::uncaught_exceptions() != 0)
      return indrik::text("another's exception\n").status(599);
  }
  return indrik::text("caught\n");
}

}  // namespace

INDRIK_PLUGIN("soak", "1.0", [](indrik::App& app) {
  app.get("/sleep", [](const Request& request) {
    wait(request);
    return indrik::text("slept\n");
  });
  app.get("/socket", wait_for_socket);
  app.get("/turn", wait_in_turn);
  app.get("/throw", throw_across_waits);
  app.get("/fail", [](const Request& request) -> Response {
    wait(request);
    throw std::runtime_error{"on purpose"};
  });
  app.get("/late", [](const Request& request) {
    while (!request.cancelled()) std::this_thread::sleep_for(std::chrono::hours{1});
    return indrik::text("too late\n");
  });
});
