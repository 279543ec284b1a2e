// Counts the memory blocks that its process takes, where it is named in LD_PRELOAD as well; GET /allocations says how
// many there were. operator new is among them: libstdc++'s calls malloc.
#include <indrik/indrik.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

constinit std::atomic<std::uint64_t> allocations{0};

}  // namespace

#pragma GCC visibility push(default)
extern "C" {
// glibc's own, under the names that it keeps for this.
void* __libc_malloc(std::size_t size);                           // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* block, std::size_t size);             // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT(bugprone-reserved-identifier)

void* malloc(std::size_t size) noexcept {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) noexcept {
  ++allocations;
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}
#pragma GCC visibility pop

INDRIK_PLUGIN("allocations", "1.0", [](indrik::App& app) {
  const auto count = [] { return indrik::text(std::to_string(allocations.load())); };
  app.get(
      "/allocations", [=](const indrik::Request&) { return count(); },
      [=](const indrik::Request&) -> indrik::Task<indrik::Response> { co_return count(); });
});
