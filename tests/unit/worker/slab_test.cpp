#include "worker/slab.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <list>
#include <new>
#include <optional>
#include <vector>

#include "support/tight_memory.h"

namespace indrik::worker {
namespace {

constexpr std::size_t kSize = 700;

TEST(SlabTest, GivesRoomsThatDoNotOverlapAndAreAligned) {
  Slab slab{kSize};
  std::vector<std::byte*> rooms;
  for (int i = 0; i < 500; ++i) {
    rooms.push_back(static_cast<std::byte*>(slab.take()));
    std::memset(rooms.back(), i, kSize);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(rooms.back()) % alignof(std::max_align_t), 0U);
  }
  for (std::size_t i = 0; i < rooms.size(); ++i)
    EXPECT_EQ(std::count(rooms[i], rooms[i] + kSize, static_cast<std::byte>(i)), static_cast<std::ptrdiff_t>(kSize));
  for (auto* const room : rooms) Slab::leave(room);
}

TEST(SlabTest, LiesCloseTogether) {
  Slab slab{kSize};
  std::vector<void*> rooms;
  for (int i = 0; i < 900; ++i) rooms.push_back(slab.take());
  EXPECT_EQ(slab.chunks(), 10U);  // 64 KiB hold 93 of them
  for (auto* const room : rooms) Slab::leave(room);
}

TEST(SlabTest, GivesAgainWhatWasLeft) {
  Slab slab{kSize};
  void* const one = slab.take();
  void* const two = slab.take();
  Slab::leave(one);
  EXPECT_EQ(slab.take(), one);
  EXPECT_EQ(slab.chunks(), 1U);
  Slab::leave(one);
  Slab::leave(two);
}

TEST(SlabTest, GivesBackChunksButOne) {
  Slab slab{kSize};
  std::vector<void*> rooms;
  for (int i = 0; i < 900; ++i) rooms.push_back(slab.take());
  for (auto* const room : rooms) Slab::leave(room);
  EXPECT_EQ(slab.chunks(), 1U);
  void* const room = slab.take();
  Slab::leave(room);
  EXPECT_EQ(slab.chunks(), 1U);
}

/// In an order that leaves holes everywhere.
TEST(SlabTest, UsesTheHolesOfOthers) {
  Slab slab{kSize};
  std::vector<void*> rooms;
  for (int i = 0; i < 900; ++i) rooms.push_back(slab.take());
  for (std::size_t i = 0; i < rooms.size(); i += 2) Slab::leave(rooms[i]);
  EXPECT_EQ(slab.chunks(), 10U);
  for (std::size_t i = 0; i < rooms.size(); i += 2) rooms[i] = slab.take();
  EXPECT_EQ(slab.chunks(), 10U);
  std::ranges::sort(rooms);
  EXPECT_EQ(std::ranges::adjacent_find(rooms), rooms.end());
  for (auto* const room : rooms) Slab::leave(room);
}

TEST(SlabTest, IsLeftWithoutKnowingWhichOneItWas) {
  Slab small{100}, large{8000};
  void* const one = small.take();
  void* const two = large.take();
  Slab::leave(one);
  Slab::leave(two);
  EXPECT_EQ(small.take(), one);
  EXPECT_EQ(large.take(), two);
  Slab::leave(one);
  Slab::leave(two);
}

TEST(SlabTest, HoldsTheNodesOfAList) {
  Slab slab{sizeof(int) + 4 * sizeof(void*)};
  using List = std::list<int, SlabAllocator<int>>;
  List one{SlabAllocator<int>{slab}}, other{SlabAllocator<int>{slab}};
  for (int i = 0; i < 3000; ++i) one.push_front(i);
  EXPECT_GT(slab.chunks(), 1U);
  other.splice(other.begin(), one, one.begin());
  EXPECT_EQ(other.front(), 2999);
  one.clear();
  EXPECT_EQ(other.size(), 1U);
  EXPECT_LE(slab.chunks(), 2U);
}

TEST(SlabTest, HoldsAnObject) {
  Slab slab{sizeof(std::list<int>)};
  auto list = make_in<std::list<int>>(slab);
  list->push_back(1);
  EXPECT_EQ(slab.chunks(), 1U);
  const void* const room = list.get();
  list.reset();
  EXPECT_EQ(make_in<std::list<int>>(slab).get(), room);
}

TEST(SlabTest, RefusesWhatIsLargerThanItsRooms) {
  Slab slab{16};
  struct Large {
    std::byte bytes[17];
  };
  EXPECT_THROW(make_in<Large>(slab), std::bad_alloc);
  SlabAllocator<std::byte> allocator{slab};
  EXPECT_THROW(allocator.allocate(17), std::bad_alloc);
  auto* const room = allocator.allocate(16);
  allocator.deallocate(room, 16);
}

TEST(SlabTest, ServesOnWhenTheSystemHasGivenNoMemory) {
  Slab slab{kSize};
  std::vector<void*> rooms;
  rooms.reserve(4096);
  std::optional<test::TightMemory> tight{10 * Slab::kChunk};
  EXPECT_THROW(for (;;) rooms.push_back(slab.take()), std::bad_alloc);
  const auto chunks = slab.chunks();
  EXPECT_GT(chunks, 1U);
  EXPECT_LE(chunks, 10U);
  Slab::leave(rooms.back());
  rooms.back() = slab.take();
  EXPECT_THROW(slab.take(), std::bad_alloc);
  EXPECT_EQ(slab.chunks(), chunks);
  tight.reset();
  rooms.push_back(slab.take());
  for (auto* const room : rooms) Slab::leave(room);
  EXPECT_EQ(slab.chunks(), 1U);
}

#if defined(__SANITIZE_ADDRESS__)
TEST(SlabDeathTest, LetsTheSanitizerSeeWhoUsesWhatWasLeft) {
  Slab slab{kSize};
  auto* const room = static_cast<volatile char*>(slab.take());
  Slab::leave(const_cast<char*>(room));
  EXPECT_DEATH(room[100] = 1, "use-after-poison");
}
#endif

}  // namespace
}  // namespace indrik::worker
