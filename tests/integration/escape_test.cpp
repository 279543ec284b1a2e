// Plugins whose waits class green cannot make cooperative, and what is said of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <string>
#include <utility>

#include "integration/support/server_process.h"

namespace indrik::test {
namespace {

using testing::HasSubstr;

struct Escape {
  std::string plugin, said;
};

int times(const std::string& sentence, const std::string& text) {
  int count = 0;
  for (auto place = text.find(sentence); place != std::string::npos; place = text.find(sentence, place + 1)) ++count;
  return count;
}

class EscapeTest : public testing::TestWithParam<Escape> {};

INSTANTIATE_TEST_SUITE_P(
    Plugin, EscapeTest,
    testing::Values(
        Escape{"escapes_symbolic", "is linked with -Bsymbolic and defines read itself (link it without)"},
        Escape{"escapes_one_day",
               "is linked with -Bsymbolic, by which a function of libc that came to be linked into "
               "it would not yield (link it without)"},
        Escape{"escapes_by_copy", "has its own read (link libc, libpthread and clients dynamically, or rename them)"},
        Escape{"escapes_raw", "calls syscall(), of which futex(2) alone yields (call libc's functions by their names)"},
        Escape{"escapes_by_go", "contains a Go runtime, which makes system calls itself"}),
    [](const auto& given) { return given.param.plugin.substr(given.param.plugin.find('_') + 1); });

TEST_P(EscapeTest, IsSaidOnceByTheStartAndByTheCheck) {
  const auto plugin = built_test_plugin(GetParam().plugin);
  const auto sentence = "plugin " + plugin + " " + GetParam().said;
  ServerProcess server{{"-b", "127.0.0.1:0", "-k", "green", "-w", "2", plugin}};
  server.await_workers(2);
  EXPECT_THAT(server.error_text(), HasSubstr("in class green its waits hold the whole worker"));
  EXPECT_EQ(times(sentence, server.error_text()), 1) << server.error_text();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), (ExitStatus{.code = 0}));
  ServerProcess check{{"--check-config", "-k", "green", plugin}};
  EXPECT_EQ(check.wait_exit(), (ExitStatus{.code = 0}));
  EXPECT_EQ(times(sentence, check.error_text()), 1) << check.error_text();
}

TEST(NoEscapeTest, NothingIsSaidOfOtherPluginsNorInOtherClasses) {
  for (const auto& [worker_class, name] :
       {std::pair{"green", "escapes_not"}, std::pair{"event", "escapes_raw"}, std::pair{"sync", "escapes_by_copy"}}) {
    ServerProcess check{{"--check-config", "-k", worker_class, built_test_plugin(name)}};
    EXPECT_EQ(check.wait_exit(), (ExitStatus{.code = 0}));
    EXPECT_EQ(check.error_text(), "") << name;
  }
}

}  // namespace
}  // namespace indrik::test
