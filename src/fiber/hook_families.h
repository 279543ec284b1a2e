#pragma once

#include <span>
#include <string_view>

namespace indrik::fiber {

using SymbolNames = std::span<const std::string_view>;

// What each family of hooks defines: one function a file, beside the definitions. That hooks.cpp calls each is also
// what makes the linker take the file from the library.

SymbolNames condition_hooks() noexcept;
SymbolNames mutex_hooks() noexcept;
SymbolNames sleep_hooks() noexcept;

}  // namespace indrik::fiber
