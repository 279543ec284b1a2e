#include "supervisor/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "support/temporary_folder.h"

namespace indrik::supervisor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class QuarantineTest : public testing::Test {
 protected:
  static process::CrashRecord crash_of(const char* route) {
    process::CrashRecord crash;
    std::strcpy(crash.route, route);
    std::strcpy(crash.plugin, "p");
    crash.route_key = process::route_key("p", route);
    return crash;
  }
  bool is_closed(const char* route) const { return closed.closed_until(process::route_key("p", route)) != 0; }
  std::string log_text() const {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  indrik::test::TemporaryFolder folder;
  std::string path = (folder.path() / "log").native();
  log::ErrorLog log = *log::ErrorLog::open(path, log::Level::info);
  process::ClosedRoutes closed;
  Quarantine quarantine{closed, log};
  QuarantinePolicy policy{.crashes = 2, .within = 10s, .lasts = 30s};
  TimePoint start{1000s};
};

TEST_F(QuarantineTest, ClosesARouteAtTheLastOfItsCrashesAndOpensItInTime) {
  quarantine.note(crash_of("/a"), policy, start);
  EXPECT_FALSE(is_closed("/a"));
  EXPECT_EQ(quarantine.next_deadline(), TimePoint::max());
  quarantine.note(crash_of("/a"), policy, start + 9s);
  EXPECT_TRUE(is_closed("/a"));
  EXPECT_THAT(log_text(), HasSubstr("route /a of plugin p has killed 2 workers within 10 s: it is closed for 30 s"));
  EXPECT_EQ(quarantine.next_deadline(), start + 39s);
  quarantine.expire(start + 38s);
  EXPECT_TRUE(is_closed("/a"));
  quarantine.expire(start + 39s);
  EXPECT_FALSE(is_closed("/a"));
  EXPECT_THAT(log_text(), HasSubstr("route /a of plugin p is open again"));
}

TEST_F(QuarantineTest, ForgetsOldCrashesAndCountsEachRouteByItself) {
  quarantine.note(crash_of("/a"), policy, start);
  quarantine.note(crash_of("/b"), policy, start + 1s);
  quarantine.note(crash_of("/a"), policy, start + 10s);
  EXPECT_FALSE(is_closed("/a"));
  EXPECT_FALSE(is_closed("/b"));
}

TEST_F(QuarantineTest, BeginsAnewWhenARouteIsOpenAgain) {
  quarantine.note(crash_of("/a"), policy, start);
  quarantine.note(crash_of("/a"), policy, start);
  quarantine.expire(start + 30s);
  quarantine.note(crash_of("/a"), policy, start + 30s);
  EXPECT_FALSE(is_closed("/a"));
}

TEST_F(QuarantineTest, OpensEverythingWhenTheCodeIsNew) {
  quarantine.note(crash_of("/a"), policy, start);
  quarantine.note(crash_of("/a"), policy, start);
  quarantine.clear();
  EXPECT_FALSE(is_closed("/a"));
  EXPECT_EQ(quarantine.next_deadline(), TimePoint::max());
}

TEST_F(QuarantineTest, ClosesNothingWhereItIsOffOrTheRouteIsNotKnown) {
  const QuarantinePolicy off{.crashes = 0};
  for (int i = 0; i < 10; ++i) {
    quarantine.note(crash_of("/a"), off, start);
    quarantine.note(process::CrashRecord{}, policy, start);
  }
  EXPECT_FALSE(closed.any());
}

}  // namespace
}  // namespace indrik::supervisor
