#include "fiber/stack_meter.h"

#include <algorithm>
#include <iterator>

#include "fiber/sanitizers.h"

namespace indrik::fiber {
namespace {

constexpr std::uint64_t kMark[4] = {0x6b72646e49207369, 0x2073666974736e6f, 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9};

std::uint64_t* mark_in(const Stack& stack) noexcept {
  auto* const place = stack.size > StackMeter::kKept ? stack.top() - StackMeter::kKept : stack.bottom;
  allow_access(place, sizeof kMark);
  return reinterpret_cast<std::uint64_t*>(place);
}

// Word by word, for ASan checks what memcpy() and memcmp() are given, and what tasks have left there is forbidden.
[[gnu::no_sanitize_address]] void set_mark(const Stack& stack) noexcept {
  auto* const mark = mark_in(stack);
  for (std::size_t i = 0; i < std::size(kMark); ++i) mark[i] = kMark[i];
}

[[gnu::no_sanitize_address]] bool has_mark(const Stack& stack) noexcept {
  const auto* const mark = mark_in(stack);
  for (std::size_t i = 0; i < std::size(kMark); ++i)
    if (mark[i] != kMark[i]) return false;
  return true;
}

}  // namespace

void StackMeter::begin(const Stack& stack) noexcept {
  set_mark(stack);
  lowest_ = reinterpret_cast<std::uintptr_t>(stack.top());
}

bool StackMeter::end_task(const Stack& stack) noexcept {
  const bool due = tasks_++ % kLookEvery == 0;
  const auto parked = reinterpret_cast<std::uintptr_t>(stack.top()) - lowest_;
  if (!due && (is_deep() || (parked <= kKept && has_mark(stack)))) return false;
  depth_ = std::max(resident_depth(stack), static_cast<std::size_t>(parked));
  return true;
}

void StackMeter::trim(const Stack& stack) noexcept {
  release_below(stack, kKept);
  set_mark(stack);
  lowest_ = reinterpret_cast<std::uintptr_t>(stack.top());
  depth_ = 0;
}

}  // namespace indrik::fiber
