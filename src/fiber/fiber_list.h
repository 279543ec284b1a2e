#pragma once

namespace indrik::fiber {

/// What a debugger reads about a fiber, without knowing our types (tools/indrik-gdb.py): pointers only, in this order.
/// In a list for as long as it lives. Loop thread.
struct ListedFiber {
  ListedFiber() noexcept;
  ~ListedFiber();
  ListedFiber(const ListedFiber&) = delete;
  ListedFiber& operator=(const ListedFiber&) = delete;

  ListedFiber* next = nullptr;
  ListedFiber** before = nullptr;
  const void* bottom = nullptr;
  const void* top = nullptr;
  const void* const* saved = nullptr;  ///< where its stack pointer is kept while it is suspended; there: null, it runs
  const void* about = nullptr;         ///< Task::about; null: idle
};

}  // namespace indrik::fiber

/// The newest first.
extern "C" indrik::fiber::ListedFiber* indrik_fibers;
