#include "process/title.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>

namespace indrik::process {
namespace {

/// What the kernel lays out for a process: arguments, and the environment right behind. In a child of each test, since
/// a process has one title only.
class TitleTest : public testing::Test {
 protected:
  char memory[64] = "server\0--flag\0ONE=1\0TWO=2\0and what follows";
  char* arguments[3] = {memory, memory + 7, nullptr};
  char* environment[3] = {memory + 14, memory + 20, nullptr};
  static constexpr std::size_t kArguments = 14, kAll = 26;

  std::string_view bytes(std::size_t size) const { return {memory, size}; }
  void prepare() {
    environ = environment;
    prepare_title(2, arguments);
  }
};

// EXPECT_EXIT runs its statement in a child.
#define EXPECT_IN_CHILD(condition_after, ...) \
  EXPECT_EXIT((__VA_ARGS__, ::_exit((condition_after) ? 0 : 1)), testing::ExitedWithCode(0), "") << #__VA_ARGS__

TEST_F(TitleTest, StandsWhereTheArgumentsStoodAndNothingIsLeftOfThem) {
  EXPECT_IN_CHILD(bytes(kArguments) == std::string_view("new\0\0\0\0\0\0\0\0\0\0\0", kArguments), prepare(),
                  set_title("new", "n"));
}

TEST_F(TitleTest, LeavesTheEnvironmentAloneWhileThereIsRoom) {
  EXPECT_IN_CHILD(std::string_view{memory + 14} == "ONE=1", prepare(), set_title("thirteen byte", "n"));
}

TEST_F(TitleTest, GoesOnIntoTheEnvironmentWhichIsStillReadElsewhere) {
  EXPECT_IN_CHILD(std::string_view{memory} == "a title of twenty bytes" && std::string_view{::getenv("TWO")} == "2" &&
                      ::setenv("THREE", "3", 1) == 0 && std::string_view{::getenv("THREE")} == "3",
                  prepare(), set_title("a title of twenty bytes", "n"));
}

bool looks_at_the_end = false;
[[gnu::destructor]] void look_at_the_end() {  // as those of libraries do
  if (looks_at_the_end) ::_exit(::getenv("TWO") != nullptr && ::getenv("TWO") == std::string_view{"2"} ? 7 : 1);
}

TEST_F(TitleTest, LeavesAnEnvironmentThatIsThereToTheVeryEnd) {
  const auto end = [this] {
    prepare();
    looks_at_the_end = true;
    ::exit(0);
  };
  EXPECT_EXIT(end(), testing::ExitedWithCode(7), "");
}

TEST_F(TitleTest, IsCutToTheRoomThatThereIs) {
  EXPECT_IN_CHILD(
      std::string_view{memory} == std::string(kAll - 1, 'x') && std::string_view{memory + kAll} == "and what follows",
      prepare(), set_title(std::string(100, 'x'), "n"));
}

TEST_F(TitleTest, BecomesShorterWithoutARest) {
  EXPECT_IN_CHILD(bytes(7) == std::string_view("new\0\0\0\0", 7), prepare(), set_title("a title of twenty", "n"),
                  set_title("new", "n"));
}

TEST_F(TitleTest, KeepsToTheArgumentsWhereTheEnvironmentStandsElsewhere) {
  static char elsewhere[] = "ONE=1";
  environment[0] = elsewhere;
  environment[1] = nullptr;
  EXPECT_IN_CHILD(std::string_view{memory} == std::string(kArguments - 1, 'x'), prepare(),
                  set_title(std::string(100, 'x'), "n"));
}

TEST_F(TitleTest, NamesTheProcessInFifteenBytes) {
  char name[16] = "";
  EXPECT_IN_CHILD(std::string_view{name} == "0123456789abcde", prepare(), set_title("t", "0123456789abcdefgh"),
                  ::prctl(PR_GET_NAME, name));
}

TEST_F(TitleTest, IsNotSetWithoutPreparationOrArguments) {
  EXPECT_IN_CHILD(std::string_view{memory} == "server", set_title("new", "n"));
  EXPECT_IN_CHILD(std::string_view{memory} == "server", prepare_title(0, arguments), set_title("new", "n"));
}

TEST_F(TitleTest, IsPreparedOnce) {
  char other[] = "other";
  char* others[] = {other, nullptr};
  EXPECT_IN_CHILD(std::string_view{memory} == "new" && std::string_view{other} == "other", prepare(),
                  prepare_title(1, others), set_title("new", "n"));
}

}  // namespace
}  // namespace indrik::process
