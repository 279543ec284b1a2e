// Uses everything that coroutines can await, within real workers of every class.
#include <fcntl.h>
#include <unistd.h>
#include <indrik/indrik.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using indrik::App;
using indrik::Cancelled;
using indrik::Request;
using indrik::Response;
using indrik::Task;
using namespace std::chrono_literals;

Task<int> number_after(std::chrono::milliseconds delay, int number) {
  co_await indrik::sleep_for(delay);
  co_return number;
}

Task<std::string> read_line(int descriptor) {
  std::string line;
  while (line.empty() || line.back() != '\n') {
    co_await indrik::wait_readable(descriptor);
    char byte = 0;
    if (::read(descriptor, &byte, 1) != 1) break;
    line += byte;
  }
  co_return line;
}

/// A little of all, at once.
Task<Response> everything(const Request&) {
  const auto [one, two] = co_await indrik::when_all(number_after(5ms, 1), number_after(1ms, 2));
  const auto first = co_await indrik::when_any(number_after(1h, 1), number_after(1ms, 2));
  std::string text = std::to_string(one + two) + " " + std::to_string(first.index());
  try {
    co_await indrik::with_timeout(1ms, number_after(1h, 0));
  } catch (const indrik::TimedOut&) {
    text += " late";
  }
  auto child = co_await indrik::spawn(number_after(1ms, 7));
  const auto here = std::this_thread::get_id();
  const bool elsewhere = co_await indrik::offload([&] { return std::this_thread::get_id() != here; });
  text += elsewhere ? " elsewhere " : " here ";
  text += std::to_string(co_await child.join());
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error{"pipe"};
  const indrik::Descriptor in{pipe[0]};
  const indrik::Descriptor out{pipe[1]};
  auto reader = co_await indrik::spawn(read_line(in.get()));
  co_await indrik::wait_writable(out.get());
  if (::write(out.get(), "line\n", 5) != 5) throw std::runtime_error{"write"};
  text += " " + co_await reader.join();
  co_return indrik::text(text);
}

/// What of this plugin lives in a worker.
struct State {
  explicit State(App& app) : jobs{app, 4}, pool{app, {.size = 2, .wait = 3s, .idle = 5s}, [this] { return ++made; }} {}

  Task<> serve_jobs(App& app) {
    while (auto job = co_await jobs.async_receive()) {
      co_await indrik::sleep_for(1ms);
      sum += *job;
    }
    app.log().info("the jobs came to {}", sum);
  }
  /// Waits beside a child, for long; says how many of such have ended.
  Task<> wait_for_long() {
    struct End {
      std::atomic<int>& count;
      ~End() { ++count; }
    };
    ++begun;
    const End end{ended};
    co_await indrik::when_all(number_after(1h, 1), number_after(1h, 2));
  }

  indrik::Channel<int> jobs;
  std::atomic<int> made{0};
  indrik::Pool<int> pool;
  int sum = 0;
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
};

void add_shared(App& app, const std::shared_ptr<State>& state) {
  app.post("/jobs", [state](const Request& request) -> Task<Response> {
    co_await state->jobs.async_send(std::atoi(std::string{request.body()}.c_str()));
    co_return indrik::status(202);
  });
  app.put("/jobs", [state](const Request& request) {
    state->jobs.send(std::atoi(std::string{request.body()}.c_str()));
    return indrik::status(202);
  });
  app.get("/pool/async", [state](const Request&) -> Task<Response> {
    const auto connection = co_await state->pool.async_take();
    co_await indrik::sleep_for(1ms);
    co_return indrik::text(std::to_string(*connection));
  });
  app.get("/pool/blocking", [state](const Request&) {
    const auto connection = state->pool.take();
    std::this_thread::sleep_for(1ms);
    return indrik::text(std::to_string(*connection));
  });
}

void set_up(App& app) {
  const auto state = std::make_shared<State>(app);
  app.get("/everything", everything);
  add_shared(app, state);
  app.get("/long", [state](const Request&) -> Task<Response> {
    const auto child = co_await indrik::spawn(state->wait_for_long());
    co_await state->wait_for_long();
    co_return indrik::status(204);
  });
  app.get("/counts", [state](const Request&) -> Task<Response> {
    co_return indrik::text(std::to_string(state->begun) + " " + std::to_string(state->ended));
  });
  const auto served = std::make_shared<std::optional<indrik::BackgroundTask>>();
  app.on_start([&app, state, served]() -> Task<> {
    *served = app.spawn(state->serve_jobs(app));
    app.spawn([](App& owner) -> Task<> {
      try {
        while (true) co_await indrik::sleep_for(1ms);
      } catch (const Cancelled&) {
        owner.log().info("the clock stops");
        throw;
      }
    }(app));
    co_await indrik::sleep_for(1ms);
    app.log().info("started");
  });
  app.on_stop([&app, state, served]() -> Task<> {
    state->jobs.close();
    co_await (*served)->join();
    app.log().info("stopped");
  });
}

}  // namespace

INDRIK_PLUGIN("async_probe", "1.0", set_up);
