#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include <indrik/sdk/app.hpp>
#include <indrik/sdk/thrown.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// The descriptor's functions: an App is the instance, and nothing that its functions throw gets out.
struct Hooks {
  using Setup = void (*)(App& app);

  template <Setup setup>
  static std::int32_t create(const indrik_host* host, indrik_instance** self, char* error, std::uint64_t capacity) {
    return telling(error, capacity, [&] {
      auto app = std::make_unique<App>(host);
      setup(*app);
      *self = reinterpret_cast<indrik_instance*>(app.release());
    });
  }

  static std::int32_t start(indrik_instance* self, char* error, std::uint64_t capacity) {
    return telling(error, capacity, [self] {
      for (const auto& hook : of(self).start_hooks_) hook();
    });
  }

  static void stop(indrik_instance* self) {
    auto& app = of(self);
    // Not std::views::reverse: Clang 14 cannot compile GCC 12's.
    for (auto hook = app.stop_hooks_.rbegin(); hook != app.stop_hooks_.rend(); ++hook) {
      try {
        (*hook)();
      } catch (...) {
        app.log().error("stop hook: {}", what_was_thrown());
      }
    }
    if (!app.background_.end(std::chrono::seconds{2}))
      app.log().warning("tasks of the background have not ended: they are left as they are");
  }

  static void destroy(indrik_instance* self) { std::unique_ptr<App>{&of(self)}; }

 private:
  static App& of(indrik_instance* self) noexcept { return *reinterpret_cast<App*>(self); }

  template <class Work>
  static std::int32_t telling(char* error, std::uint64_t capacity, Work&& work) {
    try {
      work();
      return INDRIK_OK;
    } catch (...) {
      const auto text = what_was_thrown();
      if (capacity > 0) *std::copy_n(text.data(), std::min<std::uint64_t>(text.size(), capacity - 1), error) = '\0';
      return INDRIK_E_FAILED;
    }
  }
};

template <Hooks::Setup setup>
constexpr indrik_plugin describe(const char* name, const char* version) noexcept {
  indrik_plugin plugin{};
  plugin.magic = INDRIK_MAGIC;
  plugin.struct_size = sizeof plugin;
  plugin.abi_major = INDRIK_ABI_MAJOR;
  plugin.abi_minor = INDRIK_ABI_MINOR;
  plugin.name = name;
  plugin.version = version;
  plugin.required_interfaces = kRequiredInterfaces;
  plugin.create = &Hooks::create<setup>;
  plugin.start = &Hooks::start;
  plugin.stop = &Hooks::stop;
  plugin.destroy = &Hooks::destroy;
  return plugin;
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop

/// INDRIK_PLUGIN("name", "1.0", [](indrik::App& app) { ... }); once in a plugin, at namespace scope.
/// Exports the plugin's entry. The function, which captures nothing, sets up one instance.
#define INDRIK_PLUGIN(name, version, ...)                                                               \
  static void indrik_set_up_app(::indrik::App& indrik_app) { (__VA_ARGS__)(indrik_app); }               \
  extern "C" INDRIK_EXPORT const indrik_plugin* indrik_plugin_entry(const indrik_host*) {               \
    static constexpr indrik_plugin plugin = ::indrik::sdk::describe<&indrik_set_up_app>(name, version); \
    return &plugin;                                                                                     \
  }                                                                                                     \
  static_assert(true)
