#include "process/rehearsal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace indrik::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The child has been reaped in any case.
void expect_no_child() {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(RehearsalTest, SucceedsWhereNothingIsSaid) {
  EXPECT_TRUE(rehearse([] { return std::string{}; }, 20s));
  expect_no_child();
}

TEST(RehearsalTest, FailsWithWhatIsSaid) {
  const auto tried = rehearse([] { return std::string{"unknown key"}; }, 20s);
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().text(), "unknown key");
  expect_no_child();
}

TEST(RehearsalTest, CutsALongTextInsteadOfBlocking) {
  const auto tried = rehearse([] { return std::string(1'000'000, 'x'); }, 20s);
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().text(), std::string(16 * 1024, 'x'));
}

TEST(RehearsalTest, SurvivesACrash) {
  const auto tried = rehearse(
      []() -> std::string {
        ::raise(SIGKILL);
        return {};
      },
      20s);
  ASSERT_FALSE(tried);
  EXPECT_THAT(tried.error().text(), HasSubstr("SIGKILL"));
  expect_no_child();
}

TEST(RehearsalTest, SurvivesAnEndBeforeItsTime) {
  const auto tried = rehearse([]() -> std::string { ::_exit(3); }, 20s);
  ASSERT_FALSE(tried);
  EXPECT_THAT(tried.error().text(), HasSubstr("exited with code 3"));
}

TEST(RehearsalTest, KillsWhatHangs) {
  const auto tried = rehearse(
      []() -> std::string {
        while (true) ::pause();
      },
      50ms);
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().text(), "not done within 50 ms");
  expect_no_child();
}

TEST(RehearsalTest, HarmsNothingHere) {
  int number = 1;
  EXPECT_TRUE(rehearse([&] { return ++number, std::string{}; }, 20s));
  EXPECT_EQ(number, 1);
}

}  // namespace
}  // namespace indrik::process
