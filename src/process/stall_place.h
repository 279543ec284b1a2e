#pragma once

#include <cstdint>
#include <span>

#include "process/crash_record.h"

namespace indrik::process {

/// A name for where a stack is, the same however often and in whichever worker: a hash of the innermost functions of
/// the plugin (those in neither the executable nor libc and its company) and where their files have them. 0: no frames
/// of either. In normal context.
std::uint64_t place_of(std::span<const std::uintptr_t> frames, std::span<const LoadedModule> modules) noexcept;

}  // namespace indrik::process
