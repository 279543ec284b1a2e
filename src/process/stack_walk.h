#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace indrik::process {

/// Where a thread was interrupted. All 0 on machines that we do not know.
struct Registers {
  std::uintptr_t pc = 0;
  std::uintptr_t sp = 0;
  std::uintptr_t frame = 0;
};
Registers registers_in(const ucontext_t& context) noexcept;

/// Return addresses by the chain of frame pointers, innermost first, the first is pc; returns how many. Memory is read
/// by a system call that fails where there is none: a broken chain ends the walk. `pc_is_code` false (a call through a
/// wild pointer): the caller is on top of the stack. Async-signal-safe.
std::size_t walk_frames(const Registers& from, bool pc_is_code, std::span<std::uintptr_t> frames) noexcept;

/// The same by the tables of the unwinder, from `pc` on; 0 where pc is not in what it finds. Works without frame
/// pointers, may crash on a broken stack. Async-signal-safe after prepare_unwinding(), where glibc has
/// _dl_find_object (2.35); before, it may wait for the loader's lock.
std::size_t unwind_frames(std::uintptr_t pc, std::span<std::uintptr_t> frames) noexcept;

/// The same for a process that is to live on: a fault inside the unwinder ends it alone, if the handler of faults calls
/// abandon_unwinding() first. Also 0 then.
std::size_t unwind_frames_guarded(std::uintptr_t pc, std::span<std::uintptr_t> frames) noexcept;
/// For handlers of faults: does not return if the calling thread was inside unwind_frames_guarded().
void abandon_unwinding() noexcept;

/// Loads what unwinding needs; in normal context.
void prepare_unwinding() noexcept;

}  // namespace indrik::process
