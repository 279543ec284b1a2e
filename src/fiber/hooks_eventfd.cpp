#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

constexpr std::array<std::string_view, 2> kHooked{"eventfd_read", "eventfd_write"};

constinit RealCall<decltype(::eventfd_read)> real_eventfd_read{"eventfd_read"};
constinit RealCall<decltype(::eventfd_write)> real_eventfd_write{"eventfd_write"};

}  // namespace

SymbolNames eventfd_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

// libc's are a read and a write of eight bytes, which it makes inside itself.
extern "C" {

using namespace indrik::fiber;

int eventfd_read(int counter, eventfd_t* value) {
  if (!may_park()) return real_eventfd_read(counter, value);
  return ::read(counter, value, sizeof *value) == sizeof *value ? 0 : -1;
}

int eventfd_write(int counter, eventfd_t value) {
  if (!may_park()) return real_eventfd_write(counter, value);
  return ::write(counter, &value, sizeof value) == sizeof value ? 0 : -1;
}

}  // extern "C"
