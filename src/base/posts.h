#pragma once

namespace indrik {

/// A call that a loop owes, in the memory of whoever posts it. Zeroed before its first use. Must neither move nor die
/// while it waits.
struct Post {
  void (*fired)(void* context) noexcept = nullptr;
  void* context = nullptr;
  Post* next = nullptr;
  Post* previous = nullptr;  ///< null: it does not wait
};

/// Calls on a worker's loop, from any thread. Nothing throws.
class Posts {
 public:
  /// Calls post.fired(post.context) once, on the loop's thread and off any fiber, in the order of posting, never from
  /// inside this. Nothing for one that waits already. Any thread.
  virtual void post(Post& post) noexcept = 0;
  /// Forgets one that waits. Loop thread only.
  virtual void withdraw(Post& post) noexcept = 0;

 protected:
  ~Posts() = default;
};

}  // namespace indrik
