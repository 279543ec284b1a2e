#pragma once

#include <atomic>
#include <cstdint>

namespace indrik::worker {

/// Changes a number of the scoreboard that only this worker's loop writes: no lock is needed.
inline void add(std::atomic<std::uint32_t>& gauge, std::uint32_t difference) noexcept {
  gauge.store(gauge.load(std::memory_order_relaxed) + difference, std::memory_order_relaxed);
}

}  // namespace indrik::worker
