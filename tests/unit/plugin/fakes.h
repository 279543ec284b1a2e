#pragma once

#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/handler.h"
#include "plugin/instance.h"

namespace indrik::plugin {

inline std::string shipped_plugin(std::string_view name) {
  return std::string{INDRIK_BUILD_DIR "/plugins/"}.append(name) + ".so";
}
inline std::string test_plugin(std::string_view name) {
  return std::string{INDRIK_BUILD_DIR "/tests/plugins/"}.append(name) + ".so";
}

/// Timers whose time is told by the test.
class FakeTimers final : public Timers {
 public:
  void start(TimerRoom& room, nanoseconds delay, void (*fired)(void*) noexcept, void* context) noexcept override {
    running_.push_back({.room = &room, .due = now_ + delay, .fired = fired, .context = context});
  }
  void cancel(TimerRoom& room) noexcept override {
    std::erase_if(running_, [&](const Running& timer) { return timer.room == &room; });
  }

  void advance(nanoseconds time) {
    const auto end = now_ + time;
    for (;;) {
      const auto next = std::ranges::min_element(running_, {}, &Running::due);
      if (next == running_.end() || next->due > end) break;
      const auto timer = *next;
      running_.erase(next);
      now_ = timer.due;
      timer.fired(timer.context);
    }
    now_ = end;
  }
  std::size_t running() const noexcept { return running_.size(); }

 private:
  struct Running {
    TimerRoom* room;
    nanoseconds due;
    void (*fired)(void*) noexcept;
    void* context;
  };
  nanoseconds now_{0};
  std::vector<Running> running_;
};

/// Bodies that a test lays out and looks at.
class FakeStreaming final : public http::Streaming {
 public:
  Transfer read(std::span<char> room, Wait wait) noexcept override {
    last_wait = wait;
    if (state != State::moved) return {state};
    const auto size = std::min(room.size(), incoming.size());
    std::copy_n(incoming.begin(), size, room.begin());
    incoming.erase(0, size);
    return {size > 0 ? State::moved : State::ended, size};
  }
  Transfer write(std::string_view bytes, Wait wait) noexcept override {
    last_wait = wait;
    if (state != State::moved) return {state};
    written.append(bytes);
    has_begun = true;
    return {State::moved, bytes.size()};
  }
  State inform(std::string_view field_lines) noexcept override {
    hints.append(field_lines);
    return state;
  }
  bool begun() const noexcept override { return has_begun; }
  void on_ready(Direction direction, void (*ready)(void* context), void* context) noexcept override {
    watched = direction;
    on_ready_ = ready;
    context_ = context;
  }
  void make_ready() const { on_ready_(context_); }

  State state = State::moved;  ///< what everything comes to
  std::string incoming;
  std::string written;
  std::string hints;
  bool has_begun = false;
  Wait last_wait = Wait::no;
  Direction watched = Direction::read;

 private:
  void (*on_ready_)(void* context) = nullptr;
  void* context_ = nullptr;
};

class FakeExchange final : public http::Exchange {
 public:
  FakeExchange() {
    request.method = "GET";
    request.target = request.path = "/";
  }
  void complete() noexcept override { ++completions; }
  Timers& timers() noexcept override { return clock; }
  TimePoint deadline() const noexcept override { return due; }
  Extension extend(nanoseconds from_now) noexcept override {
    asked_for = from_now;
    return extension;
  }
  bool cancelled() const noexcept override { return is_cancelled; }
  bool client_gone() const noexcept override { return is_left; }
  std::optional<http::Tls> tls() const noexcept override { return secured; }
  http::Streaming& streaming() override { return stream; }
  bool answer_begun() const noexcept override { return stream.begun(); }

  /// As the engine does when the deadline passes.
  void cancel() noexcept {
    is_cancelled = true;
    cancel_watches.fire();
  }
  FakeStreaming stream;
  TimePoint due = TimePoint::max();
  Extension extension = Extension::granted;
  nanoseconds asked_for{-1};
  bool is_cancelled = false;
  bool is_left = false;
  std::optional<http::Tls> secured;

  FakeTimers clock;
  int completions = 0;
};

/// A plugin that was loaded and created as the server would do it; its routes by "METHOD pattern".
class Mounted {
 public:
  explicit Mounted(const std::string& path, Config config = {}, std::string mount = "/") {
    auto library = Library::open(path);
    if (!library) {
      error = library.error().text();
      return;
    }
    const RouteSink take = [this](std::string method, std::string pattern, std::unique_ptr<http::Handler> handler) {
      return add(method + " " + pattern, std::move(handler));
    };
    auto created = Instance::create(*library, std::move(mount), std::move(config), take,
                                    [this](log::Level level, std::string_view text) { log(level, text); });
    if (created)
      instance = std::make_unique<Instance>(*std::move(created));
    else
      error = created.error().text();
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  ~Mounted() { routes.clear(); }  // an instance outlives its handlers

  http::Handler& at(const std::string& route) { return *routes.at(route); }
  /// The whole answer of a blocking handler, or of an async one that needs no time.
  void run(const std::string& route, FakeExchange& exchange) {
    auto& handler = at(route);
    handler.can_block() ? handler.handle(exchange) : handler.start(exchange);
  }

  std::string error;  ///< empty: the instance is there
  std::vector<std::string> lines;
  std::unique_ptr<Instance> instance;
  std::map<std::string, std::unique_ptr<http::Handler>> routes;

 private:
  Result<void> add(const std::string& key, std::unique_ptr<http::Handler> handler) {
    if (routes.contains(key)) return fail(Error::format("route {} exists already", key));
    routes.emplace(key, std::move(handler));
    return {};
  }
  void log(log::Level level, std::string_view text) {
    lines.push_back(std::to_string(static_cast<int>(level)).append(" ").append(text));
  }
};

inline Config config_of(std::initializer_list<std::pair<std::string, Config::Value>> values) {
  Config config;
  for (const auto& [key, value] : values) config.set(key, value);
  return config;
}

}  // namespace indrik::plugin
