#include "plugin/descriptor.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "plugin/host.h"

namespace indrik::plugin {
namespace {

/// What every descriptor has: as far as the one function that is not optional.
constexpr std::uint32_t kLeastSize = offsetof(indrik_plugin, create) + sizeof(indrik_plugin::create);

/// Bits 0 to 31 of flags are demands; none is known to this host.
constexpr std::uint64_t kDemands = 0xffff'ffffU;

Result<void> check_versions(const indrik_plugin& plugin) {
  if (plugin.abi_major != INDRIK_ABI_MAJOR)
    return fail(Error::format("built for plugin interface {}.{}, this server has {}.{}", plugin.abi_major,
                              plugin.abi_minor, INDRIK_ABI_MAJOR, INDRIK_ABI_MINOR));
  if (plugin.min_host_minor > INDRIK_ABI_MINOR)
    return fail(Error::format("needs plugin interface {}.{} or newer, this server has {}.{}", plugin.abi_major,
                              plugin.min_host_minor, INDRIK_ABI_MAJOR, INDRIK_ABI_MINOR));
  return {};
}

Result<void> check_needs(const indrik_plugin& plugin) {
  if (const auto unknown = plugin.flags & kDemands)
    return fail(Error::format("demands what this server does not know (flags {:#x})", unknown));
  std::string missing;
  for (auto id = plugin.required_interfaces; id != nullptr && *id != nullptr; ++id)
    if (!has_interface(*id)) missing.append(missing.empty() ? "" : ", ").append(*id);
  if (!missing.empty()) return fail(Error::format("needs interfaces that this server does not have: {}", missing));
  return {};
}

Result<void> check_contents(const indrik_plugin& plugin) {
  if (plugin.name == nullptr || *plugin.name == '\0') return fail(Error{"its descriptor has no name"});
  if (plugin.create == nullptr) return fail(Error{"its descriptor has no create()"});
  return {};
}

}  // namespace

Result<indrik_plugin> check_descriptor(const indrik_plugin* given) {
  if (given == nullptr) return fail(Error{"indrik_plugin_entry returned no descriptor"});
  if (given->magic != INDRIK_MAGIC)
    return fail(Error::format("its descriptor begins with {:#010x} instead of {:#010x}: not a plugin of this server",
                              given->magic, INDRIK_MAGIC));
  if (given->struct_size < kLeastSize)
    return fail(
        Error::format("its descriptor is cut short: {} bytes, {} at least are needed", given->struct_size, kLeastSize));
  indrik_plugin plugin{};
  std::memcpy(&plugin, given, std::min<std::size_t>(given->struct_size, sizeof plugin));
  for (const auto check : {check_versions, check_needs, check_contents})
    if (auto passed = check(plugin); !passed) return fail(std::move(passed).error());
  return plugin;
}

}  // namespace indrik::plugin
