#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "base/clock.h"
#include "process/crash_board.h"
#include "process/crash_handler.h"
#include "process/running_request.h"
#include "process/stack_text.h"

namespace indrik::process {
namespace {

using testing::Contains;
using testing::HasSubstr;

using Cause = CrashRecord::Cause;
using Stage = CrashRecord::Stage;

/// A child that records its crash and then does `body`; how it ended is in `status`.
class CrashTest : public testing::Test {
 protected:
  const CrashRecord& die_of(void (*body)(), GuardQuery guard = nullptr) {
    const pid_t child = ::fork();
    if (child == 0) {
      const rlimit none{0, 0};
      ::setrlimit(RLIMIT_CORE, &none);
      if (!record_crashes(board->records()[1], guard)) ::_exit(99);
      body();
      ::_exit(0);
    }
    ::waitpid(child, &status, 0);
    return board->records()[1];
  }

  Result<CrashBoard> board = CrashBoard::create(2);
  int status = 0;
};

[[gnu::noinline]] void abort_here() { std::abort(); }

TEST_F(CrashTest, RecordsAnAbortWithItsStackAndDiesOfIt) {
  const auto& crash = die_of(abort_here);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  EXPECT_EQ(crash.stage, Stage::whole);
  EXPECT_EQ(crash.signal, SIGABRT);
  EXPECT_EQ(crash.sender, 0);
  EXPECT_EQ(crash.method[0], '\0');
  EXPECT_THAT(stack_lines(crash, true), Contains(HasSubstr("abort_here()")));
  EXPECT_EQ(board->records()[0].stage, Stage::none);
}

TEST_F(CrashTest, RecordsTheRequestOfTheThread) {
  const auto& crash = die_of([] {
    const RunningRequest request{
        .method = "GET", .path = "/a/1", .route = "/a/{x}", .plugin = "a", .since_ns = monotonic_ns()};
    std::thread{[&] {
      const AlternateStack stack;
      mark_running(&request);
      std::abort();
    }}.join();
  });
  EXPECT_STREQ(crash.method, "GET");
  EXPECT_STREQ(crash.path, "/a/1");
  EXPECT_STREQ(crash.route, "/a/{x}");
  EXPECT_STREQ(crash.plugin, "a");
  EXPECT_EQ(crash.route_key, route_key("a", "/a/{x}"));
  EXPECT_GE(crash.when_ns, crash.running_since_ns);
}

TEST_F(CrashTest, CutsWhatIsTooLong) {
  const auto& crash = die_of([] {
    const std::string path(1000, 'x');
    const RunningRequest request{.method = "GET", .path = path, .route = path, .plugin = path};
    mark_running(&request);
    std::abort();
  });
  EXPECT_EQ(std::string{crash.path}, std::string(sizeof crash.path - 1, 'x'));
  EXPECT_EQ(std::string{crash.plugin}, std::string(sizeof crash.plugin - 1, 'x'));
}

TEST_F(CrashTest, RecordsACallOfExit) {
  const auto& crash = die_of([] { std::exit(7); });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  EXPECT_EQ(crash.stage, Stage::whole);
  EXPECT_EQ(crash.cause, Cause::exit);
}

bool faults_at_the_end = false;
[[gnu::destructor]] void fault_at_the_end() {
  if (faults_at_the_end) std::abort();
}

TEST_F(CrashTest, DiesAtOnceOfAFaultAfterExit) {
  const auto& crash = die_of([] {
    faults_at_the_end = true;
    std::exit(7);
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  EXPECT_EQ(crash.cause, Cause::exit);
}

TEST_F(CrashTest, RecordsNothingOfAnEndInOrder) {
  EXPECT_EQ(die_of([] {}).stage, Stage::none);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(CrashTest, RecordsNothingOfAChildOfTheProcess) {
  const auto& crash = die_of([] {
    const pid_t grandchild = ::fork();
    if (grandchild == 0) std::abort();
    int end = 0;
    ::waitpid(grandchild, &end, 0);
    ::_exit(WIFSIGNALED(end) ? 0 : 1);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(crash.stage, Stage::none);
}

TEST_F(CrashTest, TellsWhoSentTheSignal) {
  const auto& crash = die_of([] {
    const pid_t parent = ::getpid();
    if (::fork() == 0) {
      ::kill(parent, SIGFPE);
      ::_exit(0);
    }
    while (true) ::pause();
  });
  EXPECT_EQ(crash.signal, SIGFPE);
  EXPECT_GT(crash.sender, 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
[[gnu::noinline]] void write_to(volatile int* place) { *place = 1; }

TEST_F(CrashTest, RecordsAFaultWithItsAddress) {
  const auto& crash = die_of([] { write_to(reinterpret_cast<volatile int*>(0x40)); });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  EXPECT_EQ(crash.fault_address, 0x40U);
  EXPECT_EQ(crash.code, SEGV_MAPERR);
  EXPECT_FALSE(crash.in_fiber_guard);
  EXPECT_THAT(stack_lines(crash, true), Contains(HasSubstr("write_to(")));
}

TEST_F(CrashTest, AsksWhetherItIsAFibersGuard) {
  const auto& crash = die_of([] { write_to(reinterpret_cast<volatile int*>(0x40)); },
                             [](std::uintptr_t address) noexcept { return address == 0x40; });
  EXPECT_TRUE(crash.in_fiber_guard);
}

std::atomic<int> deepest{1 << 30};
[[gnu::noinline]] int dig(int depth) {
  volatile char earth[4096] = {};
  earth[depth % 4096] = 1;
  return depth == deepest ? 0 : dig(depth + 1) + earth[depth % 4096];
}

TEST_F(CrashTest, RecordsTheOverflowOfAThreadsStack) {
  const auto& crash = die_of([] {
    std::thread{[] {
      const AlternateStack stack;
      dig(0);
    }}.join();
  });
  EXPECT_EQ(crash.stage, Stage::whole);
  EXPECT_EQ(crash.signal, SIGSEGV);
  const auto lines = stack_lines(crash, true);
  ASSERT_GE(lines.size(), 2U);
  EXPECT_LE(lines.size(), 6U) << "recursion is told in one line";
  EXPECT_THAT(lines[0], HasSubstr("dig(int)"));
}

// The unwinder cannot begin at code that is none: frame pointers it is.
TEST_F(CrashTest, FindsTheCallerOfAWildPointer) {
  const auto& crash = die_of([] {
    static std::atomic<void (*)()> nowhere{nullptr};
    nowhere.load()();
    nowhere = nullptr;
  });
  EXPECT_EQ(crash.pc, 0U);
  const auto lines = stack_lines(crash, true);
  ASSERT_GE(lines.size(), 2U);
  EXPECT_THAT(lines[0], HasSubstr("0x0 (no file is mapped there)"));
  EXPECT_THAT(lines[1], HasSubstr("FindsTheCallerOfAWildPointer"));
}

TEST_F(CrashTest, SurvivesABrokenStack) {
  const auto& crash = die_of([] {
#if defined(__x86_64__)
    asm volatile("movq $0x18, %%rbp; movq $0x20, %%rsp; movl $1, (%%rsp)" ::: "memory");
#else
    write_to(nullptr);
#endif
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_GE(crash.stage, Stage::walked);
  EXPECT_FALSE(stack_lines(crash, true).empty());
}
#endif

}  // namespace
}  // namespace indrik::process
