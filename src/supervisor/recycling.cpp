#include "supervisor/recycling.h"

namespace indrik::supervisor {

void Recycling::advance(const Generation& generation, std::size_t wanted) {
  auto& children = workforce_.children();
  Child* leaving = leaving_ == 0 ? nullptr : children.find(leaving_);
  if (leaving == nullptr) {
    leaving = children.oldest_that_asks(generation.number);
    leaving_ = leaving == nullptr ? 0 : leaving->pid;
    told_ = false;
  }
  if (leaving == nullptr || told_) return;
  told_ = leaving->state != ChildState::ready;  // it ends for another reason
  if (told_ || children.ready(generation.number) <= wanted) return;
  workforce_.let_go(*leaving);
  told_ = true;
}

}  // namespace indrik::supervisor
