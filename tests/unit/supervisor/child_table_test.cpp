#include "supervisor/child_table.h"

#include <gtest/gtest.h>

namespace indrik::supervisor {
namespace {

using enum ChildState;
using enum ChildEvent;

constexpr ChildState kAll[] = {starting, ready, retiring, quitting, aborting, killing};
constexpr ChildEvent kEvents[] = {became_ready, retires_by_itself, told_to_retire,
                                  told_to_quit, fell_silent,       deadline_passed};
static_assert(std::size(kEvents) == kChildEvents && std::size(kAll) == kChildStates);

void expect(ChildState state, ChildEvent event, ChildState next, int signal) {
  const auto found = transition(state, event);
  EXPECT_EQ(found.next, next) << static_cast<int>(state) << " x " << static_cast<int>(event);
  EXPECT_EQ(found.signal, signal) << static_cast<int>(state) << " x " << static_cast<int>(event);
}

TEST(ChildTableTest, LetsAStartingChildServeOrEndInEveryWay) {
  expect(starting, became_ready, ready, 0);
  expect(starting, retires_by_itself, retiring, 0);
  expect(starting, told_to_retire, retiring, SIGTERM);
  expect(starting, told_to_quit, quitting, SIGQUIT);
  expect(starting, fell_silent, aborting, SIGABRT);
  expect(starting, deadline_passed, aborting, SIGABRT);
}

TEST(ChildTableTest, LetsAReadyChildServeUntilItRetiresOrIsToldOrFallsSilent) {
  expect(ready, became_ready, ready, 0);
  expect(ready, retires_by_itself, retiring, 0);
  expect(ready, told_to_retire, retiring, SIGTERM);
  expect(ready, told_to_quit, quitting, SIGQUIT);
  expect(ready, fell_silent, aborting, SIGABRT);
  expect(ready, deadline_passed, ready, 0);
}

TEST(ChildTableTest, AsksARetiringChildOnceAndKillsItInTheEnd) {
  expect(retiring, became_ready, retiring, 0);
  expect(retiring, retires_by_itself, retiring, 0);
  expect(retiring, told_to_retire, retiring, 0);
  expect(retiring, told_to_quit, quitting, SIGQUIT);
  expect(retiring, fell_silent, aborting, SIGABRT);
  expect(retiring, deadline_passed, killing, SIGKILL);
}

TEST(ChildTableTest, OnlyKillsWhoQuitsOrAborts) {
  for (const auto state : {quitting, aborting}) {
    for (const auto event : {became_ready, retires_by_itself, told_to_retire, told_to_quit, fell_silent})
      expect(state, event, state, 0);
    expect(state, deadline_passed, killing, SIGKILL);
  }
}

TEST(ChildTableTest, KillsOnce) {
  for (const auto event : kEvents) expect(killing, event, killing, 0);
}

TEST(ChildTableTest, NeverBringsAChildBack) {
  for (const auto state : kAll)
    for (const auto event : kEvents) EXPECT_GE(transition(state, event).next, state);
}

TEST(ChildTableTest, SignalsOnAChangeOfStateOnly) {
  for (const auto state : kAll) {
    for (const auto event : kEvents) {
      const auto [next, signal] = transition(state, event);
      EXPECT_TRUE(next != state || signal == 0);
    }
  }
}

}  // namespace
}  // namespace indrik::supervisor
