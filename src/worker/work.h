#pragma once

namespace indrik::worker {

struct LoopTurn;

/// What a handler's fiber is busy with: a request, or a conversation. The context of every fiber task of a worker.
class Work {
 public:
  /// Says so in the slot and for crash reports, until RunningMark::clear().
  virtual void mark(LoopTurn& turn) noexcept = 0;

 protected:
  ~Work() = default;
};

}  // namespace indrik::worker
