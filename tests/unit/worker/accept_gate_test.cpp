#include "worker/accept_gate.h"

#include <gtest/gtest.h>

#include <array>

namespace indrik::worker {
namespace {

constexpr std::int64_t kNow = 1'000'000'000'000;
constexpr std::int64_t kMillisecond = 1'000'000;

/// Four ready workers with nothing to do; the judgements are those of number 0.
class AcceptGateTest : public testing::Test {
 protected:
  AcceptGateTest() {
    for (auto& slot : slots) {
      slot.state = process::WorkerState::ready;
      slot.takes_connections = true;
      slot.heartbeat_ns = kNow - 900 * kMillisecond;
    }
  }
  Judgement judgement(bool one_at_a_time = false) const { return judge(slots, 0, kNow, one_at_a_time); }
  void make_busy(std::initializer_list<std::size_t> numbers) {
    for (const auto number : numbers) slots[number].in_flight = 1;
  }

  const Judgement take{};
  const Judgement wait{Verdict::wait};
  static Judgement pass_to(std::size_t number) { return {Verdict::pass, number}; }

  std::array<process::Slot, 4> slots;
};

TEST_F(AcceptGateTest, AnIdleWorkerTakes) {
  EXPECT_EQ(judgement(), take);
  make_busy({1, 2});
  EXPECT_EQ(judgement(), take);
}

TEST_F(AcceptGateTest, ABusyWorkerPassesOnToTheEmptiestIdleOne) {
  make_busy({0, 3});
  slots[1].connections = 2;
  slots[2].connections = 1;
  EXPECT_EQ(judgement(), pass_to(2));
  EXPECT_EQ(judgement(true), pass_to(2));
}

TEST_F(AcceptGateTest, AConnectionThatHasJustComeMakesBusyAsItsRequestWill) {
  make_busy({3});
  slots[0].expected = 1;
  slots[0].accepted_ns = kNow - 2 * kMillisecond;
  EXPECT_EQ(judgement().verdict, Verdict::pass);
  slots[0].accepted_ns = kNow - 20 * kMillisecond;
  EXPECT_EQ(judgement(), take);
}

TEST_F(AcceptGateTest, WhereAllAreBusyTheOneThatRunsOneAtATimeWaits) {
  make_busy({0, 1, 2, 3});
  EXPECT_EQ(judgement(true), wait);
  EXPECT_EQ(judgement(false), take);
}

TEST_F(AcceptGateTest, OneThatRunsOneAtATimeTakesWhatComesBeforeItsRequestDoes) {
  make_busy({1, 2, 3});
  slots[0].expected = 1;
  slots[0].accepted_ns = kNow;
  EXPECT_EQ(judgement(true), take);
}

TEST_F(AcceptGateTest, AWorkerWithoutSiblingsTakes) {
  make_busy({0});
  for (const std::size_t number : {1U, 2U, 3U}) slots[number].state = process::WorkerState::starting;
  EXPECT_EQ(judgement(true), take);
}

TEST_F(AcceptGateTest, DoesNotCountOnSiblingsThatDoNotAccept) {
  make_busy({0, 3});
  slots[1].takes_connections = false;
  slots[2].state = process::WorkerState::retiring;
  EXPECT_EQ(judgement(), take);
}

TEST_F(AcceptGateTest, DoesNotCountOnSiblingsOfAnotherGeneration) {
  make_busy({0});
  for (const std::size_t number : {1U, 2U, 3U}) slots[number].generation = 7;
  EXPECT_EQ(judgement(), take);
}

TEST_F(AcceptGateTest, DoesNotCountOnSiblingsThatGiveNoSignOfLife) {
  make_busy({0});
  for (const std::size_t number : {1U, 2U, 3U}) slots[number].heartbeat_ns = kNow - 3000 * kMillisecond;
  EXPECT_EQ(judgement(), take);
}

TEST_F(AcceptGateTest, AmongIdleOnesTheOneWithMarkedlyMoreConnectionsPassesOn) {
  for (auto& slot : slots) slot.connections = 500;
  slots[0].connections = 520;
  EXPECT_EQ(judgement(), take);
  slots[0].connections = 530;
  EXPECT_EQ(judgement(), pass_to(1));
  make_busy({1, 2, 3});
  EXPECT_EQ(judgement(), take);
}

TEST_F(AcceptGateTest, AmongBusyOnesTheOneWithMarkedlyMoreConnectionsPassesOn) {
  make_busy({0, 1, 2, 3});
  for (auto& slot : slots) slot.connections = 20;
  slots[0].connections = 27;
  EXPECT_EQ(judgement(), take);
  slots[0].connections = 29;
  slots[2].connections = 19;
  EXPECT_EQ(judgement(), pass_to(2));
}

/// Judged by figures that stand still, a connection is passed on once at most: it cannot go round.
TEST_F(AcceptGateTest, WhomItPassesToTakes) {
  constexpr std::uint32_t kConnections[] = {0, 5, 40, 600};
  for (int combination = 0; combination < 8 * 8 * 8 * 8; ++combination) {
    int rest = combination;
    for (auto& slot : slots) {
      slot.in_flight = rest % 2 == 0 ? 0U : 1U;
      slot.connections = kConnections[rest / 2 % 4];
      rest /= 8;
    }
    const auto first = judgement();
    if (first.verdict != Verdict::pass) continue;
    EXPECT_EQ(judge(slots, first.to, kNow, false).verdict, Verdict::take) << combination;
  }
}

}  // namespace
}  // namespace indrik::worker
