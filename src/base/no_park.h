#pragma once

namespace indrik {

/// How many NoPark this thread has. The model spares those who look a call for its address.
[[gnu::tls_model("initial-exec")]] inline constinit thread_local unsigned t_no_park = 0;

/// While one lives, no hooked system call of this thread parks a fiber: each is libc's. For code of ours that a fiber
/// may run and that must not be left in the midst: with a lock held, with a line half written, in a signal handler.
/// Async-signal-safe.
class NoPark {
 public:
  NoPark() noexcept { ++t_no_park; }
  ~NoPark() { --t_no_park; }
  NoPark(const NoPark&) = delete;
  NoPark& operator=(const NoPark&) = delete;
};

}  // namespace indrik
