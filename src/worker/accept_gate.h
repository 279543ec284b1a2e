#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "process/scoreboard.h"

namespace indrik::worker {

/// What a worker does with a connection that waits in a listener's queue.
enum class Verdict : std::uint8_t {
  take,
  pass,  ///< a sibling is better placed to take it
  wait,  ///< all are busy: whoever is free first takes it
};

/// Something runs in the worker of the slot, or is about to: it took a connection a moment ago, whose request is on its
/// way.
bool is_busy(const process::Slot& slot, std::int64_t now_ns) noexcept;

struct Judgement {
  Verdict verdict = Verdict::take;
  std::size_t to = 0;  ///< pass: the sibling's number
  bool operator==(const Judgement&) const = default;
};

/// Judges by the figures of all workers, for the one of the number `own`. `one_at_a_time`: a request keeps all others
/// of its worker waiting. Siblings are the ready workers of the same generation: others may have other listeners. One
/// counts as able to take a connection while it accepts any and gives signs of life.
///
/// Idle takes before busy. Among equals the one with fewer connections does, when the difference is marked. Where all
/// are busy with one request at a time nobody takes: a queue of the worker's own would wait for that worker alone.
Judgement judge(std::span<const process::Slot> all, std::size_t own, std::int64_t now_ns, bool one_at_a_time) noexcept;

}  // namespace indrik::worker
