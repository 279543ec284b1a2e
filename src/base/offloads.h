#pragma once

namespace indrik {

/// Work for a thread beside the loop, in the memory of whoever waits for it. Must neither move nor die before done().
struct OffloadJob {
  void (*run)(void* context) noexcept;   ///< on some thread
  void (*done)(void* context) noexcept;  ///< then, on the loop's thread; the job may be gone when it returns
  void* context;
  OffloadJob* next = nullptr;  ///< the taker's
};

/// A bounded pool of threads for what would block the loop.
class Offloads {
 public:
  /// Runs the job when a thread is free, in the order they came. Loop thread only; never calls anything of the job's
  /// from inside this. False, and the job is not taken, when no thread could be started.
  virtual bool submit(OffloadJob& job) noexcept = 0;

 protected:
  ~Offloads() = default;
};

}  // namespace indrik
