#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "fiber/fiber.h"
#include "fiber/fiber_list.h"
#include "fiber/stack_meter.h"
#include "fiber/stack_pool.h"
#include "support/tight_memory.h"
#include "unit/fiber/poll_loop.h"

namespace indrik::fiber {
namespace {

constexpr std::size_t kKiB = 1024;

std::size_t mappings() {
  std::ifstream maps{"/proc/self/maps"};
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) ++count;
  return count;
}

TEST(StackPoolTest, LeavesNothingMappedWhenAStackIsGivenBack) {
  StackPool pool{64 * kKiB, 10};
  const auto stack = pool.take();
  ASSERT_TRUE(stack);
  EXPECT_EQ(stack->size, 64 * kKiB);
  const auto is_mapped = [](std::byte* page) { return ::msync(page, 1, MS_ASYNC) == 0; };
  EXPECT_TRUE(is_mapped(stack->bottom) && is_mapped(stack->bottom - kGuardSize));
  pool.give_back(*stack);
  EXPECT_FALSE(is_mapped(stack->bottom) || is_mapped(stack->bottom - kGuardSize));
}

TEST(StackPoolTest, GivesNoMoreThanThereMayBeAndAgainAfterOneHasComeBack) {
  StackPool pool{16 * kKiB, 2};
  const auto one = pool.take();
  const auto two = pool.take();
  ASSERT_TRUE(one && two);
  const auto three = pool.take();
  ASSERT_FALSE(three);
  EXPECT_EQ(three.error().code(), EAGAIN);
  pool.give_back(*one);
  const auto again = pool.take();
  ASSERT_TRUE(again);
  pool.give_back(*two);
  pool.give_back(*again);
}

TEST(StackPoolTest, HasRoomForHalfAsManyStacksAsTheSystemAllowsMappings) {
  std::size_t most = 0;
  std::ifstream{"/proc/sys/vm/max_map_count"} >> most;
  EXPECT_LT(room_for_stacks(), most / 2);
  EXPECT_GT(room_for_stacks(), most / 4);
}

TEST(StackPoolTest, SaysHowDeepAStackIsInMemory) {
  StackPool pool{2048 * kKiB, 1};  // more than is looked at in one call
  const auto stack = *pool.take();
  EXPECT_EQ(resident_depth(stack), 0U);
  stack.top()[-1] = std::byte{1};
  EXPECT_EQ(resident_depth(stack), 4 * kKiB);
  stack.top()[-100 * static_cast<int>(kKiB)] = std::byte{1};
  EXPECT_EQ(resident_depth(stack), 100 * kKiB);
  *stack.bottom = std::byte{1};
  EXPECT_EQ(resident_depth(stack), 2048 * kKiB);
  release_below(stack, 8 * kKiB);
  EXPECT_EQ(resident_depth(stack), 4 * kKiB);
  pool.give_back(stack);
}

/// Without tasks, for how deep these go is the compiler's affair.
TEST(StackMeterTest, TouchesOnePageUntilATaskHasGoneFurther) {
  StackPool pool{256 * kKiB, 1};
  const auto stack = *pool.take();
  StackMeter meter;
  meter.begin(stack);
  const auto shallow = whole_pages(StackMeter::kShallow);
  EXPECT_EQ(resident_depth(stack), shallow);
  EXPECT_TRUE(meter.end_task(stack));  // the first is looked at
  meter.keep(stack);
  EXPECT_FALSE(meter.end_task(stack));
  EXPECT_EQ(resident_depth(stack), shallow);
  std::fill_n(stack.top() - 12 * kKiB, 12 * kKiB, std::byte{1});
  EXPECT_TRUE(meter.end_task(stack));
  EXPECT_EQ(meter.depth(), whole_pages(12 * kKiB));
  meter.keep(stack);
  EXPECT_FALSE(meter.end_task(stack));
  meter.trim(stack);
  EXPECT_EQ(resident_depth(stack), whole_pages(StackMeter::kKept));
  pool.give_back(stack);
}

/// All of it, as who fills buffers does.
[[gnu::noinline]] void use_stack(std::size_t bytes) {
  auto* const room = static_cast<volatile char*>(__builtin_alloca(bytes));
  for (std::size_t i = 0; i < bytes; i += 16) room[i] = 1;
}

/// As a large buffer of which little is read into: its far end alone.
[[gnu::noinline]] void step_over(std::size_t bytes) {
  auto* const room = static_cast<volatile char*>(__builtin_alloca(bytes));
  room[0] = 1;
}

class StackUseTest : public testing::Test {
 protected:
  static Task task_of(std::function<void()>& body, const void* about = nullptr) {
    return {[](void* b) noexcept { (*static_cast<std::function<void()>*>(b))(); }, [](void*) noexcept {}, &body, about};
  }
  void run_all() {
    loop.run_until([&] { return pool.active() == 0; });
  }
  /// In one fiber, to its end.
  void run(const std::function<void()>& body) {
    bool done = false;
    std::function<void()> both = [&] {
      body();
      done = true;
    };
    ASSERT_TRUE(pool.start(task_of(both)));
    loop.run_until([&] { return done; });
  }
  /// So many fibers at once: none begins `body` before all have parked.
  void run_at_once(std::size_t count, const std::function<void()>& body) {
    std::vector<Fiber*> parked;
    std::function<void()> whole = [&] {
      parked.push_back(current());
      park();
      body();
    };
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(pool.start(task_of(whole)));
    ASSERT_EQ(parked.size(), count);
    for (Fiber* const one : parked) resume(*one);
    run_all();
  }
  /// So many fibers at once, each so deeply.
  void use_at_once(std::size_t count, std::size_t bytes) {
    run_at_once(count, [bytes] { use_stack(bytes); });
  }
  static Stack stack_of(const ListedFiber& fiber) {
    auto* const bottom = static_cast<std::byte*>(const_cast<void*>(fiber.bottom));
    return {bottom, static_cast<std::size_t>(static_cast<const std::byte*>(fiber.top) - bottom)};
  }
  static std::size_t resident() {
    std::size_t total = 0;
    for (const auto* one = indrik_fibers; one != nullptr; one = one->next) total += resident_depth(stack_of(*one));
    return total;
  }
  /// As use_at_once(). Returns how many found that their stacks were not in memory as far as that.
  std::size_t count_faulting(std::size_t count, std::size_t bytes) {
    std::size_t faulting = 0;
    run_at_once(count, [&] {
      const void* const here = __builtin_frame_address(0);
      const auto* own = indrik_fibers;
      while (here < own->bottom || here >= own->top) own = own->next;
      if (resident_depth(stack_of(*own)) < bytes) ++faulting;
      use_stack(bytes);
    });
    return faulting;
  }

  PollLoop loop;
  FiberPool pool{256 * kKiB, loop.services()};
};

TEST_F(StackUseTest, MeasuresTheDeepestStack) {
  run([] { use_stack(100 * kKiB); });
  EXPECT_GE(pool.deepest_stack(), 100 * kKiB);
  EXPECT_LE(pool.deepest_stack(), 130 * kKiB);
}

TEST_F(StackUseTest, MeasuresBuffersThatAreSteppedOver) {
  run([] { step_over(150 * kKiB); });
  EXPECT_GE(pool.deepest_stack(), 150 * kKiB);
}

TEST_F(StackUseTest, MeasuresWhereItParks) {
  run([] {});  // the first task of a fiber is looked at anyway
  run([] {
    auto* const room = static_cast<volatile char*>(__builtin_alloca(60 * kKiB));
    room[0] = 1;
    sleep_for(milliseconds{1});
  });
  EXPECT_GE(pool.deepest_stack(), 60 * kKiB);
}

TEST_F(StackUseTest, TakesTheMemoryOfDeepStacksBackButOfSome) {
  constexpr std::size_t kMany = 200;
  use_at_once(kMany, 100 * kKiB);
  EXPECT_EQ(pool.size(), kMany);
  EXPECT_EQ(pool.active(), 0U);
  EXPECT_LE(resident(), FiberPool::kKeptBeyond + kMany * StackMeter::kKept);
}

TEST_F(StackUseTest, SeesThatAStackThatMayBeDeepHasGoneDeeper) {
  constexpr std::size_t kFew = 60;  // of 20 KiB all may keep them, of 200 not
  use_at_once(kFew, 20 * kKiB);
  EXPECT_GE(resident(), kFew * 20 * kKiB);
  use_at_once(kFew, 200 * kKiB);
  EXPECT_EQ(pool.size(), kFew);
  EXPECT_LE(resident(), FiberPool::kKeptBeyond + kFew * StackMeter::kKept);
}

TEST_F(StackUseTest, LetsStacksThatAreUsedAlikeAgainAndAgainKeepTheirMemory) {
  constexpr std::size_t kMany = 100;
  constexpr int kRounds = 200;
  use_at_once(kMany, 20 * kKiB);
  std::size_t faulting = 0;
  for (int i = 0; i < kRounds; ++i) faulting += count_faulting(kMany, 20 * kKiB);
  // Now and then a stack is given back, to see what is still used.
  EXPECT_LE(faulting, (kRounds / StackMeter::kLookEvery + 1) * kMany);
}

TEST_F(StackUseTest, KeepTheMemoryOfThoseThatAreUsedNotOfABurst) {
  constexpr std::size_t kBurst = 600, kMany = 40;
  use_at_once(kBurst, 30 * kKiB);
  use_at_once(kMany, 30 * kKiB);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(count_faulting(kMany, 30 * kKiB), 0U);
}

TEST_F(StackUseTest, TakesBackWhatWasNeededOnce) {
  constexpr std::size_t kDeep = 30, kMany = 100;
  use_at_once(kDeep, 200 * kKiB);
  for (std::uint32_t i = 0; i < 2 * StackMeter::kLookEvery; ++i) use_at_once(kMany, 30 * kKiB);
  EXPECT_EQ(pool.size(), kMany);
  EXPECT_LE(resident(), kMany * 40 * kKiB);
}

TEST_F(StackUseTest, LetsShallowTasksHoldNoMoreDeepStacksThanAFew) {
  constexpr std::size_t kMany = 200;
  std::vector<Fiber*> parked;
  std::function<void()> parks = [&] {
    parked.push_back(current());
    park();
  };
  for (std::size_t i = 0; i < kMany; ++i) {
    run([] { use_stack(100 * kKiB); });
    ASSERT_TRUE(pool.start(task_of(parks)));
  }
  EXPECT_EQ(pool.active(), kMany);
  EXPECT_LE(resident(), FiberPool::kKeptBeyond + pool.size() * StackMeter::kKept);
  for (Fiber* const one : parked) resume(*one);
}

TEST_F(StackUseTest, UnmapsFibersThatAreNotNeededAnyMore) {
  constexpr std::size_t kBurst = 600;
  run_at_once(kBurst, [] {});
  EXPECT_EQ(pool.size(), kBurst);
  const auto before = mappings();
  for (int i = 0; i < 2; ++i) pool.shrink();
  EXPECT_EQ(pool.size(), kBurst);  // as many may be needed again
  run_at_once(2, [] {});
  pool.shrink();
  EXPECT_EQ(pool.size(), kBurst - FiberPool::kAtOnce);
  for (int i = 0; i < 5; ++i) pool.shrink();
  EXPECT_EQ(pool.size(), FiberPool::kSpare);
  EXPECT_LT(mappings(), before);
  EXPECT_EQ(pool.active(), 0U);
  run_at_once(kBurst, [] {});
  EXPECT_EQ(pool.size(), kBurst);
}

TEST_F(StackUseTest, KeepsFibersThatAreNeededAgainAndAgain) {
  constexpr std::size_t kMany = 500;
  for (int i = 0; i < 10; ++i) {
    run_at_once(kMany, [] {});
    for (int j = 0; j < 100; ++j) run([] {});
    pool.shrink();
    EXPECT_EQ(pool.size(), kMany);
  }
}

TEST_F(StackUseTest, EndsNoFiberThatHasATask) {
  constexpr std::size_t kMany = 200;
  std::vector<Fiber*> parked;
  run_at_once(2 * kMany, [] {});
  std::function<void()> parks = [&] {
    parked.push_back(current());
    park();
  };
  for (std::size_t i = 0; i < kMany; ++i) ASSERT_TRUE(pool.start(task_of(parks)));
  for (int i = 0; i < 5; ++i) pool.shrink();
  EXPECT_EQ(pool.active(), kMany);
  EXPECT_EQ(pool.size(), kMany + FiberPool::kSpare);
  for (Fiber* const one : parked) resume(*one);
  EXPECT_EQ(pool.active(), 0U);
  for (int i = 0; i < 5; ++i) pool.shrink();
  EXPECT_EQ(pool.size(), FiberPool::kSpare);
}

TEST_F(StackUseTest, RefusesMoreFibersThanThereMayBeAndServesOn) {
  FiberPool few{64 * kKiB, loop.services(), {}, 3};
  EXPECT_EQ(few.most(), 3U);
  std::function<void()> sleeper = [] { sleep_for(milliseconds{1}); };
  const auto task = task_of(sleeper);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(few.start(task));
  const auto refused = few.start(task);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), EAGAIN);
  EXPECT_EQ(few.active(), 3U);
  loop.run_until([&] { return few.active() == 0; });
  EXPECT_TRUE(few.start(task));
  loop.run_until([&] { return few.active() == 0; });
}

/// There is room for two more fibers, with what a sanitizer needs for each, and not for the stack of a third.
TEST_F(StackUseTest, LeavesNothingBehindWhenTheSystemGivesNoMemory) {
  std::vector<Fiber*> parked;
  std::function<void()> parks = [&] {
    parked.push_back(current());
    park();
  };
  const auto task = task_of(parks);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pool.start(task));  // what is made for the first alone is there
  const auto addresses_before = test::addresses();
  const auto mappings_before = mappings();
  ASSERT_TRUE(pool.start(task));
  const auto one = test::addresses() - addresses_before;
  const auto before = mappings();
  const auto of_one = before - mappings_before;
  std::optional<test::TightMemory> tight{2 * one + pool.stack_size() / 2};
  int started = 0;
  while (pool.start(task)) ++started;
  const auto refused = pool.start(task);
  tight.reset();
  EXPECT_EQ(started, 2);
  EXPECT_EQ(refused.error().code(), ENOMEM);
  EXPECT_EQ(pool.active(), 7U);
  EXPECT_LE(mappings(), before + 2 * of_one + 4);
  for (Fiber* const fiber : parked) resume(*fiber);
  EXPECT_EQ(pool.active(), 0U);
}

TEST_F(StackUseTest, ListsEveryFiberForDebuggers) {
  const auto count = [] {
    std::size_t number = 0;
    for (const auto* one = indrik_fibers; one != nullptr; one = one->next) ++number;
    return number;
  };
  EXPECT_EQ(count(), 0U);
  const int about = 1;
  const int more = 2;
  Fiber* parked = nullptr;
  std::function<void()> parks = [&] {
    EXPECT_EQ(indrik_fibers->about, &about);
    show(&more);
    parked = current();
    park();
  };
  ASSERT_TRUE(pool.start(task_of(parks, &about)));
  ASSERT_EQ(count(), 1U);
  EXPECT_EQ(indrik_fibers->about, &more);
  EXPECT_GT(*indrik_fibers->saved, indrik_fibers->bottom);
  EXPECT_LT(*indrik_fibers->saved, indrik_fibers->top);
  resume(*parked);
  EXPECT_EQ(indrik_fibers->about, nullptr);
}

}  // namespace
}  // namespace indrik::fiber
