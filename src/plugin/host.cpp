#include "plugin/host.h"

#include <algorithm>

#include "plugin/abi_text.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

struct NamedInterface {
  std::string_view id;
  const void* functions;
};

/// Every interface this host has; an old revision stays beside its successor.
constexpr NamedInterface kInterfaces[] = {
    {INDRIK_HTTP_ROUTES, &kHttpRoutes},
    {INDRIK_HTTP_REQUEST, &kHttpRequest},
    {INDRIK_HTTP_RESPONSE, &kHttpResponse},
    {INDRIK_HTTP_FILE, &kHttpFile},
    {INDRIK_HTTP_STREAM, &kHttpStream},
    {INDRIK_ASYNC, &kAsync},
    {INDRIK_CONFIG, &kConfig},
    {INDRIK_DEADLINE, &kDeadline},
    {INDRIK_TLS, &kTls},
    {INDRIK_LOOP, &kLoop},
    {INDRIK_STREAM, &kStream},
};

const void* find_interface(std::string_view id) noexcept {
  const auto found = std::ranges::find(kInterfaces, id, &NamedInterface::id);
  return found == std::end(kInterfaces) ? nullptr : found->functions;
}

const void* interface_of(const indrik_host*, const char* id) noexcept {
  return id == nullptr ? nullptr : find_interface(id);
}

void log_line(const indrik_host* host, std::uint32_t level, indrik_text text) noexcept {
  static constexpr log::Level kLevels[] = {log::Level::debug, log::Level::info, log::Level::warning, log::Level::error,
                                           log::Level::critical};
  const auto& self = Host::of(host);
  if (!self.log_sink) return;
  try {
    const auto known = kLevels[std::min<std::size_t>(level, std::size(kLevels) - 1)];
    self.log_sink(known, self.plugin_name + ": " + self.settings.without_secrets(std::string{view_of(text)}));
  } catch (const std::bad_alloc&) {  // a line less
  }
}

}  // namespace

Host::Host(std::string name, LogSink sink)
    : indrik_host{.struct_size = sizeof(indrik_host),
                  .abi_major = INDRIK_ABI_MAJOR,
                  .abi_minor = INDRIK_ABI_MINOR,
                  .server_version = INDRIK_VERSION,
                  .get_interface = interface_of,
                  .log = log_line},
      plugin_name{std::move(name)},
      log_sink{std::move(sink)} {}

Host& Host::of(const indrik_host* host) noexcept {
  // The plugin sees a const table; what stands behind it is ours.
  return const_cast<Host&>(static_cast<const Host&>(*host));
}

bool has_interface(std::string_view id) noexcept { return find_interface(id) != nullptr; }

}  // namespace indrik::plugin
