#pragma once

#include <span>
#include <string_view>

namespace indrik::fiber {

/// The system calls that this executable defines in libc's place: inside a fiber they park it instead of blocking the
/// thread; anywhere else they are libc's. Plugins find them first because the executable exports them. Sorted.
std::span<const std::string_view> hooked_symbols();

}  // namespace indrik::fiber
