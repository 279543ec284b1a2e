#pragma once

#include "fiber/blocking_call.h"

namespace indrik::fiber {

/// Whether the fibers of this thread's pools have their calls on regular files run by threads; off until it is said.
/// Files are always "ready", and a disk or a network's file system may still take its time: then the whole worker
/// waits. But what is in the page cache is had in a fourth of a microsecond, and by way of a thread in some seven
/// (bench/offload.cpp).
void offload_files(bool on) noexcept;
bool is_offloading_files() noexcept;

/// Of the fiber that calls this, if it is one that may park.
inline bool files_go_to_threads() noexcept { return may_park() && is_offloading_files(); }

}  // namespace indrik::fiber
