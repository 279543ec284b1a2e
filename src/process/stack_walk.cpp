#include "process/stack_walk.h"

#include <execinfo.h>
#include <setjmp.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace indrik::process {
namespace {

/// No frame is larger; an address further up belongs to something else.
constexpr std::uintptr_t kLargestFrame = 64U << 20U;

constinit thread_local sigjmp_buf* t_way_out = nullptr;

bool read_words(std::uintptr_t address, std::span<std::uintptr_t> words) noexcept {
  iovec here{words.data(), words.size_bytes()};
  iovec there{reinterpret_cast<void*>(address), words.size_bytes()};
  return ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0) == static_cast<ssize_t>(words.size_bytes());
}

}  // namespace

Registers registers_in([[maybe_unused]] const ucontext_t& context) noexcept {
#if defined(__x86_64__)
  const auto& registers = context.uc_mcontext.gregs;
  return {.pc = static_cast<std::uintptr_t>(registers[REG_RIP]),
          .sp = static_cast<std::uintptr_t>(registers[REG_RSP]),
          .frame = static_cast<std::uintptr_t>(registers[REG_RBP])};
#elif defined(__aarch64__)
  const auto& registers = context.uc_mcontext;
  return {.pc = registers.pc, .sp = registers.sp, .frame = registers.regs[29]};
#else
  return {};
#endif
}

std::size_t walk_frames(const Registers& from, bool pc_is_code, std::span<std::uintptr_t> frames) noexcept {
  std::size_t count = 0;
  frames[count++] = from.pc;
  std::uintptr_t pair[2] = {};
  if (!pc_is_code && count < frames.size() && read_words(from.sp, std::span{pair, 1})) frames[count++] = pair[0];
  std::uintptr_t frame = from.frame;
  std::uintptr_t below = from.sp;
  // A frame is the caller's frame pointer and, above it, the return address; see the psABIs.
  while (count < frames.size() && frame >= below && frame - below < kLargestFrame &&
         frame % sizeof(std::uintptr_t) == 0 && read_words(frame, pair) && pair[1] != 0) {
    frames[count++] = pair[1];
    below = frame + 1;
    frame = pair[0];
  }
  return count;
}

std::size_t unwind_frames(std::uintptr_t pc, std::span<std::uintptr_t> frames) noexcept {
  constexpr std::size_t kOurs = 16;  // the handler's own and the kernel's trampoline
  void* all[64 + kOurs];
  const auto limit = std::min(std::size(all), frames.size() + kOurs);
  const auto count = ::backtrace(all, static_cast<int>(limit));
  const auto end = all + std::max(count, 0);
  const auto first = std::find(all, end, reinterpret_cast<void*>(pc));
  const auto wanted = std::min(static_cast<std::size_t>(end - first), frames.size());
  std::transform(first, first + wanted, frames.begin(), [](void* at) { return reinterpret_cast<std::uintptr_t>(at); });
  return wanted;
}

std::size_t unwind_frames_guarded(std::uintptr_t pc, std::span<std::uintptr_t> frames) noexcept {
  sigjmp_buf way_out;
  std::size_t count = 0;
  if (sigsetjmp(way_out, 1) == 0) {
    t_way_out = &way_out;
    count = unwind_frames(pc, frames);
  } else {
    count = 0;
  }
  t_way_out = nullptr;
  return count;
}

void abandon_unwinding() noexcept {
  if (t_way_out != nullptr) siglongjmp(*t_way_out, 1);
}

void prepare_unwinding() noexcept {
  void* one[1];
  ::backtrace(one, 1);  // loads libgcc_s, which allocates
}

}  // namespace indrik::process
