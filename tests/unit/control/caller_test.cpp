#include "control/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "control/door.h"
#include "support/temporary_folder.h"

namespace indrik::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A master's loop on a thread, which answers by `reply`.
class CallerTest : public testing::Test {
 protected:
  std::string path() const { return (folder_ / "control").native(); }
  net::Listener listener() const {
    return *net::Listener::open(*net::Address::parse("unix:" + path()), {.backlog = 8, .unix_mode = 0600});
  }

  indrik::test::TemporaryFolder folder_;
};

TEST_F(CallerTest, HearsTheAnswerAndThenTheEnd) {
  auto door = std::make_unique<Door>(listener());
  std::thread master{[&] {
    for (bool told = false; !told;) {
      std::vector<pollfd> sources;
      door->watch(sources);
      ::poll(sources.data(), sources.size(), 20'000);
      for (const auto& visit : door->attend(Clock::now())) {
        door->answer(visit.visitor, {.text = std::string(1'000'000, 'x')}, Clock::now());
        told = true;
      }
    }
    while (door->next_deadline() != TimePoint::max()) {
      std::vector<pollfd> sources;
      door->watch(sources);
      ::poll(sources.data(), sources.size(), 20'000);
      (void)door->attend(Clock::now());
    }
    door.reset();
  }};
  auto caller = Caller::connect(path(), Clock::now() + 20s);
  ASSERT_TRUE(caller) << caller.error().text();
  const auto answer = caller->ask({.command = Command::status});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(decode(*answer)->text.size(), 1'000'000U);
  EXPECT_TRUE(caller->await_end());
  master.join();
}

TEST_F(CallerTest, SaysWhenNobodyIsThere) {
  const auto caller = Caller::connect(path(), Clock::now() + 20s);
  ASSERT_FALSE(caller);
  EXPECT_THAT(caller.error().text(), HasSubstr(path() + ": No such file"));
}

TEST_F(CallerTest, SaysWhenAPathCannotBeASockets) {
  EXPECT_THAT(Caller::connect(std::string(200, 'a'), Clock::now()).error().text(), HasSubstr("1 to 107 bytes"));
  EXPECT_THAT(Caller::connect("", Clock::now()).error().text(), HasSubstr("1 to 107 bytes"));
}

TEST_F(CallerTest, GivesUpAtItsDeadline) {
  const auto silent = listener();
  auto caller = Caller::connect(path(), Clock::now() + 30ms);
  ASSERT_TRUE(caller);
  const auto answer = caller->ask({.command = Command::status});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().text(), HasSubstr("not answered in time"));
}

TEST_F(CallerTest, SaysWhenTheMasterGoesWithoutAnAnswer) {
  auto silent = std::make_unique<net::Listener>(listener());
  auto caller = Caller::connect(path(), Clock::now() + 20s);
  std::thread end{[&] { silent.reset(); }};
  const auto answer = caller->ask({.command = Command::status});
  end.join();
  EXPECT_FALSE(answer);
}

}  // namespace
}  // namespace indrik::control
