#include "worker/spares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "worker/slab.h"

namespace indrik::worker {
namespace {

void leave(Spares<int>& spares, int count) {
  for (int i = 0; i < count; ++i) spares.give_back(std::make_unique<int>(i));
}

TEST(SparesTest, HaveNoneInTheBeginning) {
  Spares<int> spares;
  EXPECT_EQ(spares.take(), nullptr);
  EXPECT_FALSE(spares.shrink());
}

TEST(SparesTest, GiveWhatWasGivenBackLast) {
  Spares<int> spares;
  leave(spares, 3);
  EXPECT_EQ(*spares.take(), 2);
  EXPECT_EQ(*spares.take(), 1);
  EXPECT_EQ(spares.size(), 1U);
}

TEST(SparesTest, HaveRoomForABoundedLot) {
  Spares<int> spares;
  leave(spares, static_cast<int>(Spares<int>::kMost) - 1);
  EXPECT_TRUE(spares.has_room());
  leave(spares, 1);
  EXPECT_FALSE(spares.has_room());
}

TEST(SparesTest, FreeByAndByWhatABurstHasLeft) {
  Spares<int> spares;
  leave(spares, 4000);
  spares.shrink();  // they have just come: nobody has had the time to need them
  EXPECT_EQ(spares.size(), 4000U);
  EXPECT_TRUE(spares.shrink());
  EXPECT_EQ(spares.size(), 2000U);
  while (spares.shrink()) {
  }
  EXPECT_LE(spares.size(), Spares<int>::kFew);
  EXPECT_GE(spares.size(), Spares<int>::kFew / 2);
}

TEST(SparesTest, KeepWhatIsNeededAgainAndAgain) {
  Spares<int> spares;
  leave(spares, 2000);
  for (int second = 0; second < 10; ++second) {
    std::vector<std::unique_ptr<int>> busy;
    while (auto one = spares.take()) busy.push_back(std::move(one));
    for (auto& one : busy) spares.give_back(std::move(one));
    EXPECT_FALSE(spares.shrink());
  }
  EXPECT_EQ(spares.size(), 2000U);
}

TEST(SparesTest, KeepThoseThatLieTogether) {
  struct Large {
    std::byte bytes[700];
  };
  Slab slab{sizeof(Large)};
  Spares<Large, SlabPtr<Large>> spares;
  std::vector<SlabPtr<Large>> busy;
  for (int i = 0; i < 3000; ++i) busy.push_back(make_in<Large>(slab));
  std::shuffle(busy.begin(), busy.end(), std::minstd_rand{});
  for (auto& one : busy) spares.give_back(std::move(one));
  EXPECT_GT(slab.chunks(), 30U);
  spares.shrink();
  while (spares.shrink()) {
  }
  EXPECT_GE(spares.size(), 64U);
  EXPECT_LE(slab.chunks(), 4U);  // 93 are a chunk's, and one is kept
}

}  // namespace
}  // namespace indrik::worker
