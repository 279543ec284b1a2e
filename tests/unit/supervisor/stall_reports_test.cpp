#include "supervisor/stall_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "process/signal_queue.h"
#include "support/temporary_folder.h"

namespace indrik::supervisor {
namespace {

using namespace std::chrono_literals;
using process::StallRecord;
using testing::HasSubstr;
using testing::Not;

class StallReportsTest : public testing::Test {
 protected:
  /// As a worker does.
  void tell(StallRecord::Kind kind, std::uint64_t place, const char* method = "GET", const char* route = "/burn") {
    auto& record = board.stalls().records()[0];
    record.kind = kind;
    record.place = place;
    record.held_ns = 125'000'000;
    record.locks = 1;
    std::strcpy(record.method, method);
    std::strcpy(record.path, "/burn");
    std::strcpy(record.route, route);
    std::strcpy(record.plugin, "burner");
    record.frame_count = 0;
    record.stage = StallRecord::Stage::told;
  }
  void look(TimePoint now) {
    reports.look_at(child, now);
    EXPECT_EQ(board.stalls().records()[0].stage, StallRecord::Stage::none);
    await_helper();
  }
  /// The one that writes a report.
  void await_helper() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, 0)) > 0;) reporter.ended(pid, status);
    EXPECT_TRUE(reporter.idle());
  }
  std::string log_text() const {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  std::size_t count(const std::string& what) const {
    const auto text = log_text();
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  }

  indrik::test::TemporaryFolder folder;
  std::string path = (folder.path() / "log").native();
  log::ErrorLog log = *log::ErrorLog::open(path, log::Level::info);
  process::Scoreboard board = *process::Scoreboard::create(1);
  process::SignalQueue signals = *process::SignalQueue::open({SIGUSR2});
  ListenerPool listeners{{}};
  Reporter reporter{listeners, signals, log};
  StallReports reports{board, reporter, log};
  Child child{.pid = 4711, .slot = 0};
  TimePoint start{1000s};
};

TEST_F(StallReportsTest, SaysWhoHoldsTheLoop) {
  tell(StallRecord::Kind::holds_loop, 0x77);
  look(start);
  EXPECT_THAT(log_text(), HasSubstr("[warning] worker 0 (pid 4711): the loop is held for 125 ms by GET /burn (route "
                                    "/burn, plugin burner): all others of this worker wait\n"));
  EXPECT_THAT(log_text(), HasSubstr("place: 0000000000000077"));
}

TEST_F(StallReportsTest, SaysAPlaceOnceThenHowOftenMoreAndAgainAfterAWhile) {
  for (int i = 0; i < 4; ++i) {
    tell(StallRecord::Kind::holds_loop, 1);
    look(start + i * 1s);
  }
  EXPECT_EQ(count("the loop is held"), 1U);
  tell(StallRecord::Kind::holds_loop, 1);
  look(start + StallReports::kPause);
  EXPECT_EQ(count("the loop is held"), 2U);
  EXPECT_THAT(log_text(), HasSubstr("place: 0000000000000001, 3 times since it was told last"));
  tell(StallRecord::Kind::holds_loop, 1);
  look(start + StallReports::kPause + 1s);
  reports.clear();
  EXPECT_THAT(log_text(), HasSubstr("the loop was held 1 more time, first met with GET /burn"));
  tell(StallRecord::Kind::holds_loop, 1);
  look(start + StallReports::kPause + 2s);
  EXPECT_EQ(count("the loop is held"), 3U) << "what was cleared is new";
}

TEST_F(StallReportsTest, SaysTheEndOfWhatItHasSaidOnly) {
  tell(StallRecord::Kind::holds_loop, 1);
  look(start);
  tell(StallRecord::Kind::let_go, 1);
  look(start);
  EXPECT_EQ(count("place 0000000000000001 has let go of the loop after 125 ms"), 1U);
  tell(StallRecord::Kind::holds_loop, 1);
  look(start);
  tell(StallRecord::Kind::let_go, 1);
  look(start);
  EXPECT_EQ(count("has let go"), 1U);
}

TEST_F(StallReportsTest, SaysFivePlacesOfOneHandlerAndCountsTheOthers) {
  for (unsigned place = 1; place <= 8; ++place) {
    tell(StallRecord::Kind::holds_loop, place);
    look(start);
  }
  tell(StallRecord::Kind::holds_loop, 100, "GET", "/other");
  look(start);
  EXPECT_EQ(count("the loop is held"), StallReports::kOfOne + 1);
  reports.clear();
  EXPECT_THAT(log_text(), HasSubstr("handlers have held the loop, or a mutex, 3 more times, at other places"));
}

TEST_F(StallReportsTest, TellsMutexesAndCallbacksApart) {
  tell(StallRecord::Kind::holds_lock, 1);
  look(start);
  EXPECT_THAT(log_text(),
              HasSubstr("GET /burn (route /burn, plugin burner) waits while it holds a mutex: whoever wants "
                        "it waits as long"));
  tell(StallRecord::Kind::holds_loop, 2, "");
  look(start);
  EXPECT_THAT(log_text(), HasSubstr("is held for 125 ms by a callback or task of plugin burner:"));
}

TEST_F(StallReportsTest, BelievesNothingOfTheRecord) {
  tell(StallRecord::Kind::holds_loop, 1);
  auto& record = board.stalls().records()[0];
  record.frame_count = 0xffffffff;
  board.crashes().records()[0].module_count = 0xffffffff;
  std::memset(record.path, 'x', sizeof record.path);
  std::memset(record.plugin, '\n', sizeof record.plugin);
  look(start);
  EXPECT_EQ(count("the loop is held"), 1U);
}

}  // namespace
}  // namespace indrik::supervisor
