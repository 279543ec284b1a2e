#include "fiber/stack_meter.h"

#include <algorithm>
#include <iterator>

#include "fiber/sanitizers.h"

namespace indrik::fiber {
namespace {

constexpr std::uint64_t kMark[4] = {0x6b72646e49207369, 0x2073666974736e6f, 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9};

/// At the end of the topmost `size` bytes.
std::uint64_t* mark_in(const Stack& stack, std::size_t size) noexcept {
  auto* const place = stack.top() - std::min(size, stack.size);
  allow_access(place, sizeof kMark);
  return reinterpret_cast<std::uint64_t*>(place);
}

// Word by word, for ASan checks what memcpy() and memcmp() are given, and what tasks have left there is forbidden.
[[gnu::no_sanitize_address]] void set_mark(const Stack& stack, std::size_t size) noexcept {
  auto* const mark = mark_in(stack, size);
  for (std::size_t i = 0; i < std::size(kMark); ++i) mark[i] = kMark[i];
}

[[gnu::no_sanitize_address]] bool has_mark(const Stack& stack, std::size_t size) noexcept {
  const auto* const mark = mark_in(stack, size);
  for (std::size_t i = 0; i < std::size(kMark); ++i)
    if (mark[i] != kMark[i]) return false;
  return true;
}

}  // namespace

void StackMeter::begin(const Stack& stack) noexcept {
  set_mark(stack, kept_);
  lowest_ = reinterpret_cast<std::uintptr_t>(stack.top());
}

bool StackMeter::end_task(const Stack& stack) noexcept {
  const bool due = tasks_++ % kLookEvery == 0;
  const std::size_t parked = reinterpret_cast<std::uintptr_t>(stack.top()) - lowest_;
  if (!due && parked <= kept_ && has_mark(stack, kept_)) return false;
  depth_ = std::max(resident_depth(stack), whole_pages(parked));
  return true;
}

void StackMeter::keep(const Stack& stack) noexcept {
  kept_ = std::max(depth_, kShallow);
  set_mark(stack, kept_);
}

void StackMeter::trim(const Stack& stack) noexcept {
  release_below(stack, kKept);
  depth_ = 0;
  kept_ = kShallow;
  begin(stack);
}

}  // namespace indrik::fiber
