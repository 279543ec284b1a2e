#include "plugin/instance.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "base/strings.h"
#include "plugin/abi_text.h"

namespace indrik::plugin {
namespace {

/// The room a plugin gets for the sentence about its failure, and what is made of it.
class ErrorText {
 public:
  char* data() noexcept { return buffer_.data(); }
  std::uint64_t capacity() const noexcept { return buffer_.size(); }

  Error told_by(const Library& library, const Config& config, std::string_view hook, std::int32_t code) {
    buffer_.back() = '\0';  // a plugin may have forgotten
    const std::string_view text{buffer_.data()};
    const auto reason = text.empty() ? fmt::format("{} returned {} ({})", hook, code, error_name(code))
                                     : config.without_secrets(std::string{text});
    return Error{reason}.within("plugin " + library.path().native());
  }

 private:
  std::array<char, 1024> buffer_{};
};

void warn_of_unused_keys(const Host& host) {
  if (!host.log_sink) return;
  const std::vector<std::string_view> asked{host.keys_asked_for.begin(), host.keys_asked_for.end()};
  for (const auto& [key, value] : host.settings.values()) {
    if (host.keys_asked_for.contains(key)) continue;
    const auto meant = nearest(key, asked);
    host.log_sink(log::Level::warning, fmt::format("{}: config key {} is not used{}", host.plugin_name, key,
                                                   meant.empty() ? "" : fmt::format(", did you mean {}?", meant)));
  }
}

}  // namespace

struct Instance::State {
  State(const Library& from, LogSink log) : library{from}, host{std::string{from.name()}, std::move(log)} {}
  Library library;
  Host host;
  indrik_instance* self = nullptr;
  bool started = false;
};

Instance::Instance(std::unique_ptr<State> state) noexcept : state_{std::move(state)} {}
Instance::Instance(Instance&&) noexcept = default;

Instance& Instance::operator=(Instance&& other) noexcept {
  Instance old{std::move(*this)};  // stopped and destroyed at the end of this scope
  state_ = std::move(other.state_);
  return *this;
}

Instance::~Instance() {
  if (!state_) return;
  stop();
  if (const auto destroy = state_->library.descriptor().destroy) destroy(state_->self);
}

Result<Instance> Instance::create(const Library& library, std::string mount, Config config, const RouteSink& routes,
                                  LogSink log, const StreamSink& streams) {
  auto state = std::make_unique<State>(library, std::move(log));
  state->host.mount = std::move(mount);
  state->host.settings = std::move(config);
  state->host.routes = &routes;
  state->host.streams = &streams;
  ErrorText error;
  const auto code = library.descriptor().create(&state->host, &state->self, error.data(), error.capacity());
  state->host.routes = nullptr;
  state->host.streams = nullptr;
  if (code != INDRIK_OK) return fail(error.told_by(library, state->host.settings, "create()", code));
  warn_of_unused_keys(state->host);
  state->host.keys_asked_for.clear();
  return Instance{std::move(state)};
}

Result<void> Instance::no_streams(std::unique_ptr<stream::Handler> handler) {
  return fail(Error::format("stream {}: no streams here", handler->name()));
}

void Instance::serve_on(const LoopServices* loop) noexcept { state_->host.loop = loop; }

Result<void> Instance::start() {
  if (const auto hook = state_->library.descriptor().start) {
    ErrorText error;
    if (const auto code = hook(state_->self, error.data(), error.capacity()); code != INDRIK_OK)
      return fail(error.told_by(state_->library, state_->host.settings, "start()", code));
  }
  state_->started = true;
  return {};
}

void Instance::stop() noexcept {
  if (!std::exchange(state_->started, false)) return;
  if (const auto hook = state_->library.descriptor().stop) hook(state_->self);
}

std::string_view Instance::name() const noexcept { return state_->library.name(); }
std::string_view Instance::mount() const noexcept { return state_->host.mount; }

}  // namespace indrik::plugin
