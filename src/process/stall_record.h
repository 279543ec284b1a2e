#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace indrik::process {

/// What a worker tells the master about a handler that keeps its loop, or a lock, for too long: in shared memory, one a
/// slot. The worker writes while the stage is none, and then says told; the master copies, and then says none. Until
/// then the worker has nowhere to tell of others: it counts them.
struct StallRecord {
  enum class Stage : std::uint32_t { none, told };
  enum class Kind : std::uint32_t {
    holds_loop,  ///< now
    let_go,      ///< the holds_loop told before has ended: held_ns is there, nothing else
    holds_lock,  ///< of a mutex, while it waits
  };
  static constexpr std::size_t kFrames = 64;

  std::atomic<Stage> stage{Stage::none};
  Kind kind = Kind::holds_loop;
  std::uint64_t place = 0;   ///< the innermost functions of the plugin, the same in every worker
  std::int64_t held_ns = 0;  ///< for so long by now
  std::uint32_t untold = 0;  ///< others since the last record, which found no room
  std::uint32_t locks = 0;   ///< that are held
  std::int32_t thread = 0;

  // The request; method empty: none, but something that the plugin had started. NUL-terminated, cut to fit.
  char method[16] = {};
  char path[256] = {};
  char route[128] = {};
  char plugin[64] = {};

  std::uint32_t frame_count = 0;  ///< return addresses, innermost first; 0: the thread did not answer
  std::uintptr_t frames[kFrames] = {};
};

/// How often each plugin has done so, in all workers together; never reset. Shared memory, begun by zeros.
struct StallCounts {
  static constexpr std::size_t kPlugins = 64;
  struct Plugin {
    std::atomic<std::uint64_t> key{0};     ///< 0: nobody's
    std::atomic<std::uint64_t> name[8]{};  ///< NUL-terminated, cut to fit
    std::atomic<std::uint64_t> loops{0};   ///< it held a loop for longer than the threshold
    std::atomic<std::uint64_t> locks{0};   ///< it waited with a mutex locked
  };
  Plugin plugins[kPlugins];
};

}  // namespace indrik::process
