#include "fiber/fiber_list.h"

// By this name a debugger finds them.
extern "C" {
[[gnu::used]] constinit indrik::fiber::ListedFiber* indrik_fibers = nullptr;
}

namespace indrik::fiber {

ListedFiber::ListedFiber() noexcept : next{indrik_fibers}, before{&indrik_fibers} {
  if (next) next->before = &next;
  indrik_fibers = this;
}

ListedFiber::~ListedFiber() {
  *before = next;
  if (next) next->before = before;
}

}  // namespace indrik::fiber
