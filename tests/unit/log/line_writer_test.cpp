#include "log/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace indrik::log {
namespace {

using namespace std::chrono_literals;

/// A pipe of one page, so that it is full soon. A write that blocked would end the program by SIGALRM.
class LineWriterTest : public ::testing::Test {
 protected:
  LineWriterTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    out_ = Fd{ends[0]};
    in_ = Fd{ends[1]};
    EXPECT_EQ(::fcntl(in_.get(), F_SETPIPE_SZ, kPage), kPage);
    ::alarm(30);
  }
  ~LineWriterTest() override { ::alarm(0); }

  LineWriter writer() const { return LineWriter{Fd{::fcntl(in_.get(), F_DUPFD_CLOEXEC, 0)}}; }
  void fill() const { EXPECT_EQ(::write(in_.get(), std::string(kPage, '.').data(), kPage), kPage); }
  std::string drain() const {
    std::string bytes(kPage, '\0');
    bytes.resize(static_cast<std::size_t>(::read(out_.get(), bytes.data(), bytes.size())));
    return bytes;
  }

  static constexpr int kPage = 4096;
  Fd out_;
  Fd in_;
};

TEST_F(LineWriterTest, GivesUpALineThatAFullPipeDoesNotTakeInTime) {
  auto lines = writer();
  fill();
  const auto begun = Clock::now();
  EXPECT_FALSE(lines.write("lost\n"));
  EXPECT_GE(Clock::now() - begun, LineWriter::kPatience);
  EXPECT_EQ(lines.lost(), 1U);
  EXPECT_EQ(drain(), std::string(kPage, '.'));
}

TEST_F(LineWriterTest, WaitsOnlyOnceForOneThatDoesNotRead) {
  auto lines = writer();
  fill();
  const auto begun = Clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(lines.write("lost\n"));
  EXPECT_LT(Clock::now() - begun, 50 * LineWriter::kPatience);
  EXPECT_EQ(lines.lost(), 100U);
}

TEST_F(LineWriterTest, WaitsForAReaderThatIsLate) {
  auto lines = writer();
  fill();
  std::thread reader{[&] { drain(); }};
  EXPECT_TRUE(lines.write("kept\n"));
  reader.join();
  EXPECT_EQ(lines.lost(), 0U);
  EXPECT_EQ(drain(), "kept\n");
}

TEST_F(LineWriterTest, WritesAgainAsSoonAsThereIsRoom) {
  auto lines = writer();
  fill();
  EXPECT_FALSE(lines.write("lost\n"));
  drain();
  EXPECT_TRUE(lines.write("kept\n"));
  EXPECT_EQ(lines.lost(), 0U);
  EXPECT_EQ(drain(), "kept\n");
}

TEST_F(LineWriterTest, NeverBlocksInTheMiddleOfALongLineAndBeginsTheNextOnItsOwn) {
  auto lines = writer();
  EXPECT_FALSE(lines.write(std::string(10'000, 'x') + '\n'));
  EXPECT_EQ(lines.lost(), 1U);
  EXPECT_EQ(drain(), std::string(kPage, 'x'));
  EXPECT_TRUE(lines.write("next\n"));
  EXPECT_EQ(drain(), "\nnext\n");
  EXPECT_TRUE(lines.write("and next\n"));
  EXPECT_EQ(drain(), "and next\n");
}

TEST_F(LineWriterTest, LosesWhatAPipeWithoutBlockingRefusesToo) {
  ASSERT_EQ(::fcntl(in_.get(), F_SETFL, O_NONBLOCK), 0);
  auto lines = writer();
  fill();
  EXPECT_FALSE(lines.write("lost\n"));
  EXPECT_EQ(lines.lost(), 1U);
}

TEST_F(LineWriterTest, CountsTheLossesOfItsOwnProcessOnly) {
  auto lines = writer();
  fill();
  EXPECT_FALSE(lines.write("lost\n"));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(static_cast<int>(lines.lost()));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(lines.lost(), 1U);
}

TEST_F(LineWriterTest, KeepsItsCountWhenItGoesOnInAnotherFile) {
  auto lines = writer();
  fill();
  EXPECT_FALSE(lines.write("lost\n"));
  lines.replace(Fd{::open("/dev/null", O_WRONLY | O_CLOEXEC)});
  EXPECT_EQ(lines.lost(), 1U);
  EXPECT_TRUE(lines.write("kept\n"));
  EXPECT_EQ(lines.lost(), 0U);
}

}  // namespace
}  // namespace indrik::log
