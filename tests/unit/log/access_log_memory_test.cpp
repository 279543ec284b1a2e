// Counts allocations, and so replaces operator new for the whole program. Not inlined: GCC 12 warns of free() after
// new.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "log/access_log.h"

namespace {
thread_local long allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace indrik::log {
namespace {

TEST(AccessLogMemoryTest, AllocatesNothingForALine) {
  auto log = AccessLog::open("/dev/null", R"(%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(L)s %(p)s)");
  ASSERT_TRUE(log);
  const AccessEntry entry{.peer = "192.0.2.1",
                          .method = "GET",
                          .target = "/a",
                          .protocol = "HTTP/1.1",
                          .status = 200,
                          .body_bytes = 17,
                          .duration = milliseconds{3}};
  log->record(entry);
  const long before = allocations;
  for (int i = 0; i < 10'000; ++i) log->record(entry);
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace indrik::log
