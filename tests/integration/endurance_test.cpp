// Everything that an operator, a broken deploy and a killer can do, over and over, to a server under load. A failed
// request is excused only where it was on a connection that a killed worker held when it was killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <set>

#include "integration/support/bad_change.h"
#include "integration/support/frozen_process.h"
#include "integration/support/load_client.h"
#include "integration/support/server_process.h"
#include "integration/support/site.h"

namespace indrik::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// A sanitized server is ten times as slow.
constexpr std::size_t kReloads = 5, kUpgrades = 2, kKills = 30;
constexpr std::uint64_t kRequests = 10'000;
#else
constexpr std::size_t kReloads = 20, kUpgrades = 5, kKills = 200;
constexpr std::uint64_t kRequests = 100'000;
#endif
constexpr std::size_t kWorkers = 4, kConnections = 40;
constexpr milliseconds kPause{10};  // a load that leaves the machine room for the workers that come and go

/// The workers that have answered something, by the pids in the answers.
class Answerers {
 public:
  bool note(const HttpResponse& response) {
    const std::lock_guard lock{mutex_};
    pid_t pid = 0;
    std::from_chars(response.body.data(), response.body.data() + response.body.size(), pid);
    seen_.insert(pid);
    return response.status == 200 && pid > 0;
  }
  bool has(pid_t pid) const {
    const std::lock_guard lock{mutex_};
    return seen_.contains(pid);
  }

 private:
  mutable std::mutex mutex_;
  std::set<pid_t> seen_;
};

class EnduranceTest : public testing::TestWithParam<std::string> {
 protected:
  EnduranceTest() {
    deploy();
    server_.emplace(std::vector<std::string>{"-c", "indrik.toml"}, site_.setup());
    server_->await_line("workers are ready");
    load_.emplace(server_->address(), LoadOptions{.connections = kConnections,
                                                  .target = "/pid",
                                                  .answer_within = milliseconds{20'000},
                                                  .pause = kPause,
                                                  .accept = [this](const auto& answer) { return seen_.note(answer); }});
  }

  /// drain_idle: a client may be kept from the processor for long while other tests run.
  void deploy() const {
    site_.write("workers = " + std::to_string(kWorkers) + "\ndrain_idle = \"10s\"", built_test_plugin("mirror"));
  }
  /// One that serves and has done so for longest; 0: there is none now.
  pid_t oldest_that_answers() const;
  void kill(pid_t worker);
  void kill_until(std::size_t count);
  void reload_well();
  void reload_badly(const BadChange& change);
  void upgrade();

  Site site_{GetParam(), "\"127.0.0.1:0\""};
  Answerers seen_;
  std::optional<ServerProcess> server_;
  std::optional<LoadClient> load_;
  std::size_t reloads_ = 0, bad_reloads_ = 0, upgrades_ = 0, kills_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Worker, EnduranceTest, testing::Values("sync", "event", "green"),
                         [](const auto& given) { return given.param; });

pid_t EnduranceTest::oldest_that_answers() const {
  const auto children = server_->worker_pids();
  const auto found = std::find_if(children.begin(), children.end(), [&](pid_t pid) { return seen_.has(pid); });
  return found != children.end() ? *found : 0;
}

void EnduranceTest::kill(pid_t worker) {
  FrozenProcess victim{worker};
  if (!victim.stands()) return;  // it had been told to go, and has
  load_->excuse(victim.client_ports());
  victim.kill();
  ++kills_;
}

void EnduranceTest::kill_until(std::size_t count) {
  while (kills_ < count) {
    pid_t victim = 0;
    ASSERT_TRUE(await([&] {
      const auto children = server_->worker_pids();
      return children.size() >= kWorkers && (victim = oldest_that_answers()) != 0;
    })) << server_->error_text();
    kill(victim);
    ASSERT_TRUE(await([&] {
      const auto children = server_->worker_pids();
      return std::find(children.begin(), children.end(), victim) == children.end();
    }));
  }
}

/// While workers of the old generation are killed.
void EnduranceTest::reload_well() {
  deploy();
  const auto old = server_->await_workers(kWorkers);
  server_->signal(SIGHUP);
  for (std::size_t i = 0; i < 2; ++i)
    if (kills_ < kKills) kill(old[i]);
  server_->await_line("reload done", ++reloads_);
}

void EnduranceTest::reload_badly(const BadChange& change) {
  change.make(site_);
  server_->signal(SIGHUP);
  server_->await_line("reload failed", ++bad_reloads_);
  deploy();
}

/// While a worker of the old master is killed.
void EnduranceTest::upgrade() {
  const auto old = server_->await_workers(kWorkers);
  server_->signal(SIGUSR2);
  kill(old.front());
  server_->follow_upgrade(++upgrades_);
}

TEST_P(EnduranceTest, LosesNoRequestButThoseOfKilledWorkers) {
  auto changes = bad_changes();
  // What it had taken when it crashes is lost, and nobody could say which requests these were.
  std::erase_if(changes, [](const auto& change) { return change.serves_first; });
  for (std::size_t round = 0; round < kReloads; ++round) {
    reload_well();
    kill_until((round + 1) * kKills / kReloads);
    server_->await_workers(kWorkers);
    reload_badly(changes[round % changes.size()]);
    if (round % (kReloads / kUpgrades) == 1) upgrade();
  }
  load_->await_answered(std::max(kRequests, load_->answered() + 100));
  const auto totals = load_->stop();
  std::cout << GetParam() << ": " << totals.answered << " answered, " << totals.excused << " lost with " << kills_
            << " killed workers, " << totals.failed << " failed, " << totals.raced << " raced; " << reloads_
            << " reloads, " << bad_reloads_ << " bad ones, " << upgrades_ << " upgrades\n";
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  EXPECT_EQ(totals.raced, 0U);
  EXPECT_GE(kills_, kKills);
  EXPECT_EQ(upgrades_, kUpgrades);
  EXPECT_LE(totals.excused, kills_ * kConnections);
  server_->expect_clean_stop();
}

}  // namespace
}  // namespace indrik::test
