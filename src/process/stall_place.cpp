#include "process/stall_place.h"

#include <unwind.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "process/closed_routes.h"
#include "process/modules.h"

namespace indrik::process {
namespace {

constexpr std::size_t kFunctions = 2;  // one alone may be a helper that everybody calls

/// Where everybody waits: they tell no two places apart.
bool is_common(const LoadedModule& module) noexcept {
  static constexpr std::array<std::string_view, 10> kNames{"libc.so", "libc-",    "libstdc++",  "libgcc_s",
                                                           "libm.so", "ld-linux", "linux-vdso", "libtsan",
                                                           "libasan", "libubsan"};
  std::string_view name{module.path};
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  return std::ranges::any_of(kNames, [&](auto known) { return name.starts_with(known); });
}

/// The beginning of the function: a loop is at another address each time. By the unwinder's tables, which plugins
/// without symbols have too; the address itself where they do not know it.
std::uintptr_t function_at(std::uintptr_t address) noexcept {
  // It takes what it is given for a return address, and looks one byte before.
  void* const start = _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(address + 1));
  return start != nullptr ? reinterpret_cast<std::uintptr_t>(start) : address;
}

std::uint64_t add(std::uint64_t place, std::uintptr_t address, const LoadedModule& module) noexcept {
  const std::uintptr_t key[] = {static_cast<std::uintptr_t>(place), function_at(address) - module.base};
  return route_key({reinterpret_cast<const char*>(key), sizeof key}, module.path);
}

}  // namespace

std::uint64_t place_of(std::span<const std::uintptr_t> frames, std::span<const LoadedModule> modules) noexcept {
  std::uint64_t place = 0;
  std::uint64_t any = 0;  // where there is no plugin on the stack
  std::size_t functions = 0;
  for (std::size_t i = 0; i < frames.size() && functions < kFunctions; ++i) {
    const auto address = i == 0 ? frames[i] : frames[i] - 1;  // of a return address: the call is before it
    const auto* const module = module_of(address, modules);
    if (module == nullptr || is_common(*module)) continue;
    if (any == 0) any = add(any, address, *module);
    if (module == &modules.front()) continue;
    place = add(place, address, *module);
    ++functions;
  }
  return place != 0 ? place : any;
}

}  // namespace indrik::process
