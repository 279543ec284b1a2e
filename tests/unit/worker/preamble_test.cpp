#include "worker/preamble.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/fd.h"

namespace indrik::worker {
namespace {

using Need = Preamble::Need;
using Outcome = Preamble::Outcome;

const std::string kHeader = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n";
const std::string kRequest = "GET / HTTP/1.1\r\n\r\n";

class PreambleTest : public testing::Test {
 protected:
  PreambleTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours_ = Fd{ends[0]};
    theirs_ = Fd{ends[1]};
  }

  Outcome after(std::string_view bytes) {
    EXPECT_EQ(::write(theirs_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return read();
  }
  Outcome read() { return preamble_.read(ours_.get(), buffer_.data()); }
  void hang_up() { theirs_.reset(); }

  std::string left_in_socket() {
    std::array<char, 8192> rest;
    const auto size = ::recv(ours_.get(), rest.data(), rest.size(), MSG_DONTWAIT);
    return size > 0 ? std::string{rest.data(), static_cast<std::size_t>(size)} : "";
  }

  Preamble preamble_{Need::required};

 private:
  Fd ours_;
  Fd theirs_;
  std::vector<char> buffer_ = std::vector<char>(Preamble::kMost);
};

class OptionalPreambleTest : public PreambleTest {
 protected:
  OptionalPreambleTest() { preamble_ = Preamble{Need::optional}; }
};

TEST_F(PreambleTest, TakesTheHeaderAndNothingElse) {
  EXPECT_EQ(after(kHeader + kRequest), Outcome::over);
  EXPECT_EQ(preamble_.client(), "192.0.2.1:4711");
  EXPECT_EQ(preamble_.given_back(), "");
  EXPECT_EQ(left_in_socket(), kRequest);
}

TEST_F(PreambleTest, WaitsForTheRestAndLeavesNothingReadableMeanwhile) {
  EXPECT_EQ(read(), Outcome::waiting);
  EXPECT_FALSE(preamble_.has_begun());
  for (const char c : kHeader.substr(0, kHeader.size() - 1)) {
    EXPECT_EQ(after({&c, 1}), Outcome::waiting);
    EXPECT_TRUE(preamble_.has_begun());
    EXPECT_EQ(left_in_socket(), "");
  }
  EXPECT_FALSE(preamble_.is_over());
  EXPECT_EQ(after("\n" + kRequest), Outcome::over);
  EXPECT_TRUE(preamble_.is_over());
  EXPECT_EQ(preamble_.client(), "192.0.2.1:4711");
  EXPECT_EQ(left_in_socket(), kRequest);
}

TEST_F(PreambleTest, TakesOneHeaderOnly) {
  EXPECT_EQ(after(kHeader + kHeader), Outcome::over);
  EXPECT_EQ(left_in_socket(), kHeader);
}

TEST_F(PreambleTest, NamesNobodyWhereTheProxySpeaksForItself) {
  EXPECT_EQ(after("PROXY UNKNOWN\r\n"), Outcome::over);
  EXPECT_FALSE(preamble_.names_client());
}

TEST_F(PreambleTest, RefusesAMalformedHeader) { EXPECT_EQ(after("PROXY TCP4 x\r\n"), Outcome::refused); }

TEST_F(PreambleTest, RefusesThatThereIsNone) { EXPECT_EQ(after(kRequest), Outcome::refused); }

TEST_F(PreambleTest, EndsWithItsConnection) {
  EXPECT_EQ(after("PROXY "), Outcome::waiting);
  hang_up();
  EXPECT_EQ(read(), Outcome::ended);
}

TEST_F(OptionalPreambleTest, TakesTheHeaderWhereThereIsOne) {
  EXPECT_EQ(after(kHeader + kRequest), Outcome::over);
  EXPECT_EQ(preamble_.client(), "192.0.2.1:4711");
  EXPECT_EQ(left_in_socket(), kRequest);
}

TEST_F(OptionalPreambleTest, TakesNothingWhereThereIsNone) {
  EXPECT_EQ(after(kRequest), Outcome::over);
  EXPECT_FALSE(preamble_.names_client());
  EXPECT_EQ(preamble_.given_back(), "");
  EXPECT_EQ(left_in_socket(), kRequest);
}

TEST_F(OptionalPreambleTest, GivesBackWhatOnlyLookedLikeOne) {
  EXPECT_EQ(after("PR"), Outcome::waiting);
  EXPECT_EQ(after("OPFIND / HTTP/1.1\r\n"), Outcome::over);
  EXPECT_EQ(preamble_.given_back(), "PR");
  EXPECT_EQ(left_in_socket(), "OPFIND / HTTP/1.1\r\n");
}

TEST_F(OptionalPreambleTest, RefusesAMalformedHeaderAllTheSame) { EXPECT_EQ(after("PROXY x\r\n"), Outcome::refused); }

}  // namespace
}  // namespace indrik::worker
