#pragma once

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "stream/conversation.h"

namespace indrik::test {

using stream::Conversation;

/// A stream made of lambdas, as a plugin's would be.
class FunctionStream final : public stream::Handler {
 public:
  using Function = std::function<void(Conversation&)>;

  FunctionStream(Function blocking, Function async) : blocking_{std::move(blocking)}, async_{std::move(async)} {}

  Flavours flavours() const noexcept override {
    if (blocking_ && async_) return Flavours::both;
    return blocking_ ? Flavours::blocking : Flavours::async;
  }
  void serve(Conversation& conversation) noexcept override { blocking_(conversation); }
  void start(Conversation& conversation) noexcept override { async_(conversation); }
  std::string_view plugin() const noexcept override { return "test"; }
  std::string_view name() const noexcept override { return "lines"; }

 private:
  Function blocking_;
  Function async_;
};

/// Serves lines by a function of each, which says no more lines are wanted by false: the same in both flavours, so that
/// both can be asked the same questions. At the end the last line is why: "ended", "stopping", "timed out".
class LineServer {
 public:
  using Answer = std::function<bool(Conversation&, std::string_view line, std::string& out)>;
  using Before = std::function<void(Conversation&)>;

  explicit LineServer(
      Answer answer, Before before = [](Conversation&) {})
      : answer_{std::move(answer)}, before_{std::move(before)} {}

  std::unique_ptr<stream::Handler> blocking() const {
    return std::make_unique<FunctionStream>([self = *this](Conversation& it) { self.converse(it); }, nullptr);
  }
  std::unique_ptr<stream::Handler> async() const {
    return std::make_unique<FunctionStream>(nullptr, [self = *this](Conversation& it) { self.begin(it); });
  }

 private:
  using State = Conversation::State;
  using Wait = Conversation::Wait;

  static std::string_view farewell(State state) {
    switch (state) {
      case State::ended:
        return "ended\n";
      case State::stopping:
        return "stopping\n";
      case State::timed_out:
        return "timed out\n";
      default:
        return "";
    }
  }

  /// All whole lines of the input; false: no more are wanted.
  bool take_lines(Conversation& it, std::string& out) const {
    for (std::size_t end; (end = it.input().find('\n')) != std::string_view::npos;) {
      const auto line = it.input().substr(0, end);
      it.consume(end + 1);
      if (!answer_(it, line, out)) return false;
    }
    return true;
  }

  void converse(Conversation& it) const {
    before_(it);
    for (auto state = State::done;; state = it.fill(it.input().size(), Wait::yes)) {
      std::string out;
      const bool goes_on = state == State::done && take_lines(it, out);
      out += farewell(state);
      it.write(out, Wait::yes);
      if (!goes_on) return;
    }
  }

  /// A conversation on the loop, which frees itself when it is over.
  struct Async {
    const LineServer* server;
    Conversation& it;
    std::string out{};
    std::size_t sent = 0;  ///< of `out`
    bool goes_on = true;
    std::size_t more_than = 0;

    static void wake(void* self) {
      std::unique_ptr<Async> { static_cast<Async*>(self) } -> step(self);
    }
    void step(void* self) {
      while (true) {
        if (sent < out.size()) {
          const auto [state, size] = it.write(std::string_view{out}.substr(sent), Wait::no);
          if (state == State::would_block) return wait(Conversation::Direction::write, self);
          if (state != State::done) return it.end();
          sent += size;
          continue;
        }
        out.clear();
        sent = 0;
        if (!goes_on) return it.end();
        const auto state = it.fill(more_than, Wait::no);
        if (state == State::would_block) return wait(Conversation::Direction::read, self);
        goes_on = state == State::done && server->take_lines(it, out);
        more_than = it.input().size();
        out += farewell(state);
      }
    }
    void wait(Conversation::Direction direction, void* self) {
      auto next = std::make_unique<Async>(std::move(*static_cast<Async*>(self)));
#ifdef __SANITIZE_ADDRESS__
      __lsan_ignore_object(next.get());  // a worker that must not wait ends before its conversations do
#endif
      it.on_ready(direction, &Async::wake, next.release());
    }
  };

  void begin(Conversation& it) const {
    before_(it);
    Async first{.server = this, .it = it};
    first.step(&first);
  }

  Answer answer_;
  Before before_;
};

}  // namespace indrik::test
