#include "supervisor/upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "fork_fault.h"
#include "support/temporary_folder.h"

namespace indrik::supervisor {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const std::string kTell = ">&$INDRIK_UPGRADE_REPORT";
/// Serves from then on, until it is killed.
const std::string kServe = "printf '\\0' " + kTell + "; eval \"exec $INDRIK_UPGRADE_REPORT>&-\"; exec sleep 1000";

/// The old master's side, with shell scripts for new masters.
class UpgradeTest : public testing::Test {
 protected:
  UpgradeTest() {
    std::filesystem::create_symlink(std::filesystem::read_symlink("/proc/self/exe"), place_);
    const std::array<const char*, 2> arguments{place_.c_str(), nullptr};
    program_ = process::Program::capture(1, arguments.data(), environ, "INDRIK_UPGRADE_");
    std::filesystem::remove(place_);
  }
  ~UpgradeTest() override {
    if (upgrade_.heir() != 0) ::kill(upgrade_.heir(), SIGKILL);
    while (::wait(nullptr) > 0) continue;
  }
  void begin(const std::string& script, Upgrade::Limits limits = {.boot = 30s, .graceful = 0ms}) {
    folder_.write("program", "#!/usr/bin/env bash\n" + script + "\n");
    std::filesystem::permissions(place_, std::filesystem::perms::owner_all);
    upgrade_.begin(program_, {}, nullptr, limits);
  }
  /// As the master's loop does it, until the upgrade is done or over. True: it is done.
  bool follow() {
    while (upgrade_.is_under_way()) {
      int status = 0;
      if (const auto ended = ::waitpid(-1, &status, WNOHANG); ended > 0) upgrade_.note_end(ended, status);
      if (upgrade_.advance()) return true;
      if (!upgrade_.is_under_way()) break;
      pollfd told{.fd = upgrade_.fd(), .events = POLLIN, .revents = 0};
      const auto left = std::chrono::ceil<milliseconds>(upgrade_.next_deadline() - Clock::now());
      const auto most = told.fd >= 0 ? 20'000ms : 10ms;  // where nothing more is told, its end is awaited
      ::poll(&told, 1, static_cast<int>(std::clamp(left, 0ms, most).count()));
    }
    return false;
  }
  std::string said() const { return indrik::test::contents_of(log_file_); }

  indrik::test::TemporaryFolder folder_;
  const std::string place_ = (folder_ / "program").native();
  const std::string log_file_ = (folder_ / "log").native();
  log::ErrorLog log_ = *log::ErrorLog::open(log_file_, log::Level::info);
  process::Program program_;
  Upgrade upgrade_{log_};
};

TEST_F(UpgradeTest, IsDoneWhenTheNewMasterSaysSo) {
  begin(kServe);
  EXPECT_TRUE(upgrade_.is_under_way());
  EXPECT_TRUE(follow());
  EXPECT_TRUE(upgrade_.is_done());
  EXPECT_FALSE(upgrade_.is_under_way());
  EXPECT_EQ(upgrade_.next_deadline(), TimePoint::max());
  EXPECT_FALSE(upgrade_.advance());  // once
  EXPECT_THAT(said(), AllOf(HasSubstr("upgrade begun: " + place_), HasSubstr("upgrade done")));
}

TEST_F(UpgradeTest, SaysWhenTheNewMasterEndsBeforeTheOldOne) {
  begin(kServe);
  ASSERT_TRUE(follow());
  int status = 0;
  const auto heir = upgrade_.heir();
  ASSERT_EQ(::kill(heir, SIGKILL), 0);
  ASSERT_EQ(::waitpid(heir, &status, 0), heir);
  upgrade_.note_end(heir, status);
  EXPECT_THAT(said(),
              HasSubstr("was killed by SIGKILL before this one has ended: nobody accepts connections any more"));
  EXPECT_EQ(upgrade_.heir(), 0);
}

TEST_F(UpgradeTest, RepeatsTheSentenceOfANewMasterThatFailsOnce) {
  begin("printf 'there is no luck\\n\\003' " + kTell + "; exit 3");
  EXPECT_FALSE(follow());
  EXPECT_FALSE(upgrade_.is_done());
  EXPECT_EQ(upgrade_.heir(), 0);
  EXPECT_THAT(said(), AllOf(HasSubstr("has not become ready: there is no luck; this one goes on\n"),
                            Not(HasSubstr("exited with"))));
}

TEST_F(UpgradeTest, SaysHowANewMasterEndedThatSaidNothing) {
  begin("exit 7");
  EXPECT_FALSE(follow());
  EXPECT_THAT(said(), HasSubstr("has not become ready: it exited with code 7; this one goes on\n"));
  begin("kill -SEGV $$");
  EXPECT_FALSE(follow());
  EXPECT_THAT(said(), HasSubstr("has not become ready: it was killed by SIGSEGV"));
}

TEST_F(UpgradeTest, TakesNothingButTheOneWordForReady) {
  begin("printf 'ready\\n\\0' " + kTell + "; exit 0");
  EXPECT_FALSE(follow());
  EXPECT_THAT(said(), HasSubstr("has not become ready: ready; this one goes on\n"));
}

TEST_F(UpgradeTest, SaysWhyNothingCouldBeExecuted) {
  upgrade_.begin(program_, {}, nullptr, {.boot = 30s, .graceful = 0ms});
  EXPECT_FALSE(follow());
  EXPECT_THAT(said(), HasSubstr("has not become ready: execute " + place_ + ": No such file or directory;"));
}

TEST_F(UpgradeTest, EndsANewMasterThatIsNotReadyInTime) {
  begin("exec sleep 1000", {.boot = 50ms, .graceful = 0ms});
  EXPECT_FALSE(follow());
  EXPECT_THAT(said(), AllOf(HasSubstr("has not become ready: not within 2.0 s; this one goes on\n"),
                            Not(HasSubstr("SIGKILL"))));
}

TEST_F(UpgradeTest, KillsANewMasterThatDoesNotEnd) {
  begin("trap '' TERM; exec sleep 1000", {.boot = 50ms, .graceful = 0ms});
  EXPECT_FALSE(follow());
  EXPECT_THAT(said(), AllOf(HasSubstr("not within 2.0 s"), HasSubstr("does not end: sending SIGKILL")));
}

TEST_F(UpgradeTest, EndsWithAServerThatStops) {
  begin("exec sleep 1000");
  upgrade_.cancel(SIGQUIT);
  EXPECT_FALSE(follow());
  EXPECT_THAT(said(), Not(HasSubstr("upgrade failed")));
  upgrade_.cancel(SIGQUIT);  // there is nobody any more
}

TEST_F(UpgradeTest, CanBeTriedAgain) {
  begin("exit 1");
  EXPECT_FALSE(follow());
  begin(kServe);
  EXPECT_TRUE(follow());
}

TEST_F(UpgradeTest, TakesNoNoticeOfOtherChildren) {
  begin("exec sleep 1000");
  upgrade_.note_end(upgrade_.heir() + 1, 0);
  EXPECT_TRUE(upgrade_.is_under_way());
}

TEST_F(UpgradeTest, GoesOnWhereNoProcessCanBeMade) {
  std::atomic<int> failures{1};
  test::fail_forks(&failures);
  begin("exit 0");
  test::fail_forks(nullptr);
  EXPECT_FALSE(upgrade_.is_under_way());
  EXPECT_THAT(said(), HasSubstr("upgrade failed: fork: Resource temporarily unavailable; this master goes on\n"));
}

TEST_F(UpgradeTest, GoesOnWhereNoPipeCanBeMade) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  begin("exit 0");
  EXPECT_FALSE(follow());
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(::dup(STDERR_FILENO));  // the lowest that is free
  ::close(static_cast<int>(none.rlim_cur));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  upgrade_.begin(program_, {}, nullptr, {.boot = 30s, .graceful = 0ms});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(upgrade_.is_under_way());
  EXPECT_THAT(said(), HasSubstr("upgrade failed: make a pipe: Too many open files; this master goes on\n"));
}

}  // namespace
}  // namespace indrik::supervisor
