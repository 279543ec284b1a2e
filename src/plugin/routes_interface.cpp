#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

#include "plugin/abi_text.h"
#include "plugin/host.h"
#include "plugin/interfaces.h"
#include "plugin/mount.h"
#include "plugin/route_handler.h"

namespace indrik::plugin {
namespace {

constexpr std::uint32_t kFirstRouteSize = offsetof(indrik_route, free_user_data) + sizeof(void*);

/// A failure and what the plugin is to be told with it.
struct Refusal {
  std::int32_t code;
  std::string sentence;
};

Result<void, Refusal> take(Host& host, const indrik_route& route, std::unique_ptr<RouteHandler> handler) {
  if (host.routes == nullptr) return fail(Refusal{INDRIK_E_WRONG_PHASE, "routes can be added within create() only"});
  if (route.handle == nullptr && route.start == nullptr)
    return fail(Refusal{INDRIK_E_INVALID, fmt::format("route {}: no handler", view_of(route.pattern))});
  if ((route.flags & ~std::uint64_t{INDRIK_ROUTE_STREAMS_BODY}) != 0)
    return fail(Refusal{INDRIK_E_INVALID, fmt::format("route {}: flags {:#x} that this server does not know",
                                                      view_of(route.pattern), route.flags)});
  std::string pattern{handler->route()};
  if (auto taken = (*host.routes)(std::string{view_of(route.method)}, std::move(pattern), std::move(handler)); !taken)
    return fail(Refusal{INDRIK_E_REFUSED, taken.error().text()});
  return {};
}

std::int32_t add(const indrik_host* handle, const indrik_route* given, char* error, std::uint64_t capacity) noexcept {
  if (given == nullptr || given->struct_size < kFirstRouteSize) {
    write_error("a route without a struct_size", error, capacity);
    return INDRIK_E_INVALID;
  }
  indrik_route route{};
  std::memcpy(&route, given, std::min<std::size_t>(given->struct_size, sizeof route));
  auto& host = Host::of(handle);
  try {
    auto handler =
        std::make_unique<RouteHandler>(route, host.plugin_name, join_mount(host.mount, view_of(route.pattern)));
    const auto taken = take(host, route, std::move(handler));
    if (taken) return INDRIK_OK;
    write_error(taken.error().sentence, error, capacity);
    return taken.error().code;
  } catch (const std::bad_alloc&) {
    write_error("out of memory", error, capacity);
    return INDRIK_E_NO_MEMORY;
  }
}

}  // namespace

constinit const indrik_http_routes kHttpRoutes{.struct_size = sizeof(indrik_http_routes), .add = add};

}  // namespace indrik::plugin
