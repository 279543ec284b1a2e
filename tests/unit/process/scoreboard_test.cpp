#include "process/scoreboard.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <limits>

namespace indrik::process {
namespace {

TEST(ScoreboardTest, StartsEmpty) {
  auto board = Scoreboard::create(3);
  ASSERT_TRUE(board);
  ASSERT_EQ(board->slots().size(), 3U);
  for (const auto& slot : board->slots()) {
    EXPECT_EQ(slot.pid, 0);
    EXPECT_EQ(slot.state, WorkerState::empty);
    EXPECT_FALSE(running_in(slot));
  }
}

TEST(ScoreboardTest, ShowsTheMasterWhatAForkedWorkerWrites) {
  auto board = Scoreboard::create(2);
  ASSERT_TRUE(board);
  const pid_t child = ::fork();
  if (child == 0) {
    board->slots()[1].requests = 42;
    board->slots()[1].state = WorkerState::ready;
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(board->slots()[1].requests, 42U);
  EXPECT_EQ(board->slots()[1].state, WorkerState::ready);
  EXPECT_EQ(board->slots()[0].requests, 0U);
}

TEST(ScoreboardTest, KeepsEachSlotOnCacheLinesOfItsOwn) {
  auto board = Scoreboard::create(2);
  const auto first = reinterpret_cast<std::uintptr_t>(&board->slots()[0]);
  const auto second = reinterpret_cast<std::uintptr_t>(&board->slots()[1]);
  EXPECT_EQ(first % 64, 0U);
  EXPECT_EQ((second - first) % 64, 0U);
}

TEST(ScoreboardTest, FailsWithTheKernelsWordsWhenTheMemoryIsNotThere) {
  const auto board = Scoreboard::create(std::size_t{1} << 46U);
  ASSERT_FALSE(board);
  EXPECT_EQ(board.error().code(), ENOMEM);
}

TEST(ScoreboardTest, TellsWhatRunsAndSinceWhen) {
  auto board = Scoreboard::create(1);
  auto& slot = board->slots()[0];
  begin_running(slot, "GET /health (route /health, plugin health)", 7);
  const auto running = running_in(slot);
  ASSERT_TRUE(running);
  EXPECT_EQ(running->what, "GET /health (route /health, plugin health)");
  EXPECT_EQ(running->since_ns, 7);
  end_running(slot);
  EXPECT_FALSE(running_in(slot));
}

TEST(ScoreboardTest, TellsTheSameTextWhateverItsLength) {
  auto board = Scoreboard::create(1);
  auto& slot = board->slots()[0];
  for (std::size_t size = 104; size-- > 0;) {  // each shorter than the one before: nothing of that may show through
    const std::string what(size, static_cast<char>('a' + size % 26));
    begin_running(slot, what, 1);
    EXPECT_EQ(running_in(slot)->what, what);
  }
}

TEST(ScoreboardTest, CutsWhatIsLongerThanItsRoom) {
  auto board = Scoreboard::create(1);
  begin_running(board->slots()[0], std::string(200, 'x'), 1);
  EXPECT_EQ(running_in(board->slots()[0])->what, std::string(103, 'x'));
}

}  // namespace
}  // namespace indrik::process
