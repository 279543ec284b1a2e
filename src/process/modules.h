#pragma once

#include <cstddef>
#include <span>

#include "process/crash_record.h"

namespace indrik::process {

/// Lists what is mapped into this process now: the executable first, then its libraries; returns how many. What does
/// not fit is left out. Not in a signal handler.
std::size_t list_modules(std::span<LoadedModule> modules) noexcept;

/// Null: none holds the address. Async-signal-safe.
const LoadedModule* module_of(std::uintptr_t address, std::span<const LoadedModule> modules) noexcept;

/// Whether `path` is still the file that was loaded.
bool is_unchanged(const LoadedModule& module) noexcept;

}  // namespace indrik::process
