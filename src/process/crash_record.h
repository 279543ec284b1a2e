#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace indrik::process {

/// A file mapped into a process when its modules were listed. What it was then is kept, because its file may be
/// replaced before anyone looks names up in it.
struct LoadedModule {
  std::uintptr_t base = 0;  ///< what is added to the file's own addresses
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::uint64_t inode = 0;  ///< 0: not known
  std::uint64_t size = 0;
  std::int64_t changed_ns = 0;  ///< mtime
  char path[176] = {};          ///< NUL-terminated; empty: longer than this

  bool holds(std::uintptr_t address) const noexcept { return begin <= address && address < end; }
};

/// What a dying worker leaves about its end, in memory shared with the master. Written by the worker alone, in the
/// order of Stage, and read by the master after its death: a plain struct, which it copies. The writer may have lost
/// its mind: readers take no number in here for granted.
struct CrashRecord {
  enum class Stage : std::uint32_t {
    none,    ///< nothing: it ended otherwise, or could not write
    begun,   ///< signal to sp are there
    walked,  ///< the request and the walked frames as well
    whole,   ///< the unwound frames as well
  };
  enum class Cause : std::uint32_t { signal, exit };
  static constexpr std::size_t kFrames = 64;
  static constexpr std::size_t kModules = 128;

  Stage stage = Stage::none;
  Cause cause = Cause::signal;
  std::int32_t signal = 0;
  std::int32_t code = 0;    ///< si_code, see sigaction(2)
  std::int32_t sender = 0;  ///< process that sent the signal; 0: nobody did, or the process itself
  std::int32_t thread = 0;
  std::uintptr_t fault_address = 0;
  std::uintptr_t pc = 0;
  std::uintptr_t sp = 0;
  bool in_fiber_guard = false;  ///< the fault address is in the page below the stack of the fiber that ran

  // The request that the thread was running; method empty: none. NUL-terminated, cut to fit.
  char method[16] = {};
  char path[256] = {};
  char route[128] = {};
  char plugin[64] = {};
  std::uint64_t route_key = 0;
  std::int64_t running_since_ns = 0;
  std::int64_t when_ns = 0;  ///< monotonic_ns()

  // Return addresses, innermost first; the first is pc itself (after exit: where the exit handler was called).
  std::uint32_t walked_count = 0;   ///< by the chain of frame pointers
  std::uint32_t unwound_count = 0;  ///< by the unwinder's tables; 0: it found nothing
  std::uintptr_t walked[kFrames] = {};
  std::uintptr_t unwound[kFrames] = {};

  std::uint32_t module_count = 0;
  LoadedModule modules[kModules];
};

}  // namespace indrik::process
