#include "fiber/file_offload.h"

namespace indrik::fiber {
namespace {
constinit thread_local bool t_on = false;
}

void offload_files(bool on) noexcept { t_on = on; }

[[gnu::noinline]] bool is_offloading_files() noexcept { return t_on; }

}  // namespace indrik::fiber
