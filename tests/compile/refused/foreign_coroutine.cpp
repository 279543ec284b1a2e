// REFUSED: can be awaited in an indrik::Task only
#include <indrik/indrik.hpp>

struct Foreign {
  struct promise_type {
    Foreign get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

Foreign wait() { co_await indrik::sleep_for(std::chrono::seconds{1}); }
