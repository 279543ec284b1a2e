#include "log/access_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <new>
#include <sstream>

#include "base/fd.h"
#include "log/access_format.h"

#include "support/temporary_folder.h"

namespace indrik::log {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using namespace std::chrono_literals;

using Fields = std::map<std::string, std::string, std::less<>>;

std::optional<std::string_view> look_up(const void* fields, std::string_view name) {
  const auto& map = *static_cast<const Fields*>(fields);
  const auto found = map.find(name);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() {
    entry_ = {.peer = "192.0.2.1",
              .method = "GET",
              .target = "/a?b=c",
              .path = "/a",
              .query = "b=c",
              .protocol = "HTTP/1.1",
              .status = 200,
              .body_bytes = 17,
              .duration = 1'234'567us,
              .fields = &fields_,
              .request_field = look_up,
              .response_field = look_up};
  }
  std::string path() const { return (folder_ / "access.log").native(); }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
  }
  /// The line, without its end, that `format` makes of entry_.
  std::string line(std::string_view format) {
    const auto file = path() + std::to_string(++files_);
    auto log = AccessLog::open(file, format);
    if (!log) return log.error().text();
    log->record(entry_);
    log->flush();
    auto text = content(file);
    if (text.empty() || text.back() != '\n') return "no line: " + text;
    text.pop_back();
    return text;
  }
  test::TemporaryFolder folder_;
  Fields fields_;
  AccessEntry entry_;
  int files_ = 0;
};

TEST_F(AccessLogTest, WritesTheUsualLine) {
  fields_ = {{"referer", "http://a/"}, {"user-agent", "curl/8"}};
  EXPECT_THAT(line(kDefaultAccessFormat),
              MatchesRegex(R"(192\.0\.2\.1 - - \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}\] )"
                           R"("GET /a\?b=c HTTP/1\.1" 200 17 "http://a/" "curl/8")"));
}

TEST_F(AccessLogTest, KnowsEveryAtom) {
  fields_ = {{"x-id", "7"}};
  EXPECT_EQ(line("%(m)s %(U)s %(q)s %(H)s %(s)s %(B)s %(b)s"), "GET /a b=c HTTP/1.1 200 17 17");
  EXPECT_EQ(line("%(T)s %(M)s %(D)s %(L)s"), "1 1234 1234567 1.234567");
  EXPECT_EQ(line("%(p)s"), "<" + std::to_string(::getpid()) + ">");
  EXPECT_EQ(line("%({x-id}i)s %({x-id}o)s %({none}i)s 100%%"), "7 7 - 100%");
}

TEST_F(AccessLogTest, PutsADashForWhatIsMissing) {
  entry_ = {};
  EXPECT_EQ(line("%(h)s %(u)s %(m)s %(f)s %(a)s %({x}i)s"), "- - - - - -");
}

TEST_F(AccessLogTest, TellsTheUserOfBasicCredentialsOnly) {
  fields_ = {{"authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}};
  EXPECT_EQ(line("%(u)s"), "Aladdin");
  fields_ = {{"authorization", "Basic QWxhZGRpbg=="}};  // no colon
  EXPECT_EQ(line("%(u)s"), "-");
  fields_ = {{"authorization", "Basic !!!"}};
  EXPECT_EQ(line("%(u)s"), "-");
  fields_ = {{"authorization", "Bearer QWxhZGRpbjpvcGVu"}};
  EXPECT_EQ(line("%(u)s"), "-");
  fields_ = {{"authorization", "basic " + std::string(4000, 'Q')}};
  EXPECT_EQ(line("%(u)s"), "-");
}

TEST_F(AccessLogTest, LetsNoClientForgeALine) {
  fields_ = {{"user-agent", "x\"\r\n127.0.0.1 - - \\ \x1b[31m \xff"}};
  EXPECT_EQ(line("\"%(a)s\""), R"("x\"\x0d\x0a127.0.0.1 - - \\ \x1b[31m \xff")");
  entry_.method = "G\nT";
  entry_.target = "/\x7f";
  EXPECT_EQ(line("%(r)s"), R"(G\x0aT /\x7f HTTP/1.1)");
}

TEST_F(AccessLogTest, NamesAnUnknownAtomAndTheKnownOnes) {
  const auto unknown = AccessLog::check_format("%(h)s %(z)s");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().text(), HasSubstr("unknown '%(z)s'"));
  EXPECT_THAT(unknown.error().text(), HasSubstr("%(h)s %(l)s"));
  for (const auto* wrong : {"%h", "%", "%(", "%()s", "%({a}x)s", "%({}i)s", "%({a}i", "a\nb"})
    EXPECT_FALSE(AccessLog::check_format(wrong)) << wrong;
  EXPECT_TRUE(AccessLog::check_format(kDefaultAccessFormat));
}

TEST_F(AccessLogTest, GathersLinesUntilFlushed) {
  auto log = AccessLog::open(path(), "%(s)s");
  EXPECT_FALSE(log->has_unwritten());
  log->record(entry_);
  log->record(entry_);
  EXPECT_TRUE(log->has_unwritten());
  EXPECT_EQ(content(path()), "");
  log->flush();
  EXPECT_FALSE(log->has_unwritten());
  EXPECT_EQ(content(path()), "200\n200\n");
}

TEST_F(AccessLogTest, FlushesByItselfWhenMuchHasGathered) {
  auto log = AccessLog::open(path(), "%(s)s");
  for (int i = 0; i < 64 * 1024 / 4; ++i) log->record(entry_);
  EXPECT_FALSE(log->has_unwritten());
  EXPECT_EQ(content(path()).size(), 64U * 1024);
}

TEST_F(AccessLogTest, WritesWhatHasGatheredWhenItEnds) {
  { AccessLog::open(path(), "%(s)s")->record(entry_); }
  EXPECT_EQ(content(path()), "200\n");
}

TEST_F(AccessLogTest, DropsAndCountsWhatAFullDiskRefuses) {
  auto log = AccessLog::open("/dev/full", "%(s)s");
  ASSERT_TRUE(log);
  log->record(entry_);
  log->record(entry_);
  log->flush();
  EXPECT_EQ(log->dropped_lines(), 2U);
  EXPECT_FALSE(log->has_unwritten());
}

TEST_F(AccessLogTest, NeverWaitsForAPipeThatNobodyReads) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  const Fd reader{::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  auto log = AccessLog::open(path(), "%(s)s");
  ASSERT_TRUE(log) << log.error().text();
  constexpr std::uint64_t kLines = 100'000;  // 400 kB, where a pipe holds 64 KiB
  for (std::uint64_t i = 0; i < kLines; ++i) log->record(entry_);
  log->flush();
  std::string read;
  char bytes[4096];
  for (ssize_t n = 0; (n = ::read(reader.get(), bytes, sizeof bytes)) > 0;)
    read.append(bytes, static_cast<std::size_t>(n));
  EXPECT_GT(log->dropped_lines(), 0U);
  EXPECT_EQ(read.size() / 4 + log->dropped_lines(), kLines);
  EXPECT_THAT(read, EndsWith("200\n"));
}

TEST_F(AccessLogTest, StartsANewLineAfterATornOne) {
  // A file that may hold no more than 10 bytes tears the third line.
  auto log = AccessLog::open(path(), "%(s)s");
  for (int i = 0; i < 3; ++i) log->record(entry_);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{10, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &small);
    log->flush();
    const rlimit large{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &large);
    log->record(entry_);
    log->flush();
    ::_exit(static_cast<int>(log->dropped_lines()));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_EQ(content(path()), "200\n200\n20\n200\n");
}

TEST_F(AccessLogTest, WritesToANewFileWhenReopenedAfterRotation) {
  auto log = AccessLog::open(path(), "%(s)s");
  log->record(entry_);
  std::filesystem::rename(path(), path() + ".1");
  ASSERT_TRUE(log->reopen());
  entry_.status = 404;
  log->record(entry_);
  log->flush();
  EXPECT_EQ(content(path() + ".1"), "200\n");
  EXPECT_EQ(content(path()), "404\n");
}

TEST_F(AccessLogTest, WritesToStdoutForADash) {
  ::testing::internal::CaptureStdout();
  {
    auto log = AccessLog::open("-", "%(s)s");
    log->record(entry_);
    EXPECT_TRUE(log->reopen());
  }
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "200\n");
}

TEST_F(AccessLogTest, SaysWhyAFileCannotBeOpened) {
  const auto log = AccessLog::open((folder_ / "none/access.log").native(), "%(s)s");
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().text(), EndsWith("/none/access.log: No such file or directory"));
}

}  // namespace
}  // namespace indrik::log
