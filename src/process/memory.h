#pragma once

#include <cstddef>

#include "base/result.h"

namespace indrik::process {

/// Bytes of this process that are in memory now, shared ones included (proc_pid_statm(5), "resident"; the kernel counts
/// in batches, so some hundred KiB may be missing). Fails with what open(2) or read(2) said.
Result<std::size_t> resident_memory();

/// Gives the kernel back what the allocator keeps for later (malloc_trim(3)): some milliseconds for a large heap.
void release_free_memory() noexcept;

}  // namespace indrik::process
