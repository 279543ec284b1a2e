#include "worker/acceptor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "base/error.h"

namespace indrik::worker {
namespace {

std::vector<net::Listener> listen_somewhere() {
  std::vector<net::Listener> listeners;
  listeners.push_back(*net::Listener::open(*net::Address::parse("127.0.0.1:0"), {}));
  return listeners;
}

/// Lets this process open no descriptor more, for as long as it lives.
class OutOfDescriptors {
 public:
  OutOfDescriptors() {
    // UBSan needs a descriptor to look at an object of a type that it meets for the first time: let it meet this one
    // now, and touch no other while this lives.
    EXPECT_NE(Error::from_errno(EMFILE, "{}", "a first time").text(), "");
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const Fd next{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    const rlimit none{.rlim_cur = static_cast<rlim_t>(next.get()), .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~OutOfDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  OutOfDescriptors(const OutOfDescriptors&) = delete;
  OutOfDescriptors& operator=(const OutOfDescriptors&) = delete;

 private:
  rlimit before_{};
};

class AcceptorTest : public testing::Test {
 protected:
  Fd connect() const {
    Fd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto& address = listeners.front().address();
    EXPECT_EQ(::connect(client.get(), address.raw(), address.raw_size()), 0);
    return client;
  }
  void turn() { ev_run(loop.raw(), EVRUN_ONCE); }
  void turn_without_waiting() { ev_run(loop.raw(), EVRUN_NOWAIT); }

  Loop loop;
  std::vector<net::Listener> listeners = listen_somewhere();
  std::vector<Fd> accepted;
  std::vector<std::string> peers;
  Acceptor acceptor{loop, listeners, 2, [this](Fd connection, std::string peer, int) {
                      accepted.push_back(std::move(connection));
                      peers.push_back(std::move(peer));
                    }};
};

TEST_F(AcceptorTest, TakesConnectionsThatNeitherBlockNorSurviveAnExec) {
  ASSERT_TRUE(acceptor.resume());
  const auto client = connect();
  turn();
  ASSERT_EQ(accepted.size(), 1U);
  EXPECT_THAT(peers.front(), testing::StartsWith("127.0.0.1:"));
  EXPECT_NE(::fcntl(accepted.front().get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(accepted.front().get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(AcceptorTest, TakesABatchATurn) {
  ASSERT_TRUE(acceptor.resume());
  const std::vector<Fd> clients = [&] {
    std::vector<Fd> all;
    for (int i = 0; i < 3; ++i) all.push_back(connect());
    return all;
  }();
  turn();
  EXPECT_EQ(accepted.size(), 2U);
  turn();
  EXPECT_EQ(accepted.size(), 3U);
}

TEST_F(AcceptorTest, TakesNothingWhilePaused) {
  ASSERT_TRUE(acceptor.resume());
  acceptor.pause();
  const auto client = connect();
  turn_without_waiting();
  EXPECT_TRUE(accepted.empty());
  ASSERT_TRUE(acceptor.resume());
  turn();
  EXPECT_EQ(accepted.size(), 1U);
}

TEST_F(AcceptorTest, TriesAgainWhenThereAreDescriptorsAgain) {
  ASSERT_TRUE(acceptor.resume());
  const auto client = connect();
  auto* const turning = loop.raw();
  {
    const OutOfDescriptors none;
    ev_run(turning, EVRUN_ONCE);
    ev_run(turning, EVRUN_NOWAIT);  // it does not spin: the listener is out of the set until the retry
  }
  EXPECT_TRUE(accepted.empty());
  turn();
  turn();
  EXPECT_EQ(accepted.size(), 1U);
}

TEST_F(AcceptorTest, SaysThatTheQueueIsNotEmptyWhenItLacksDescriptors) {
  const auto client = connect();
  {
    const OutOfDescriptors none;
    EXPECT_FALSE(acceptor.empty(10));
  }
  EXPECT_TRUE(acceptor.empty(10));
  EXPECT_EQ(accepted.size(), 1U);
}

TEST_F(AcceptorTest, EmptiesTheQueueAsFarAsItMay) {
  const auto first = connect();
  const auto second = connect();
  EXPECT_FALSE(acceptor.empty(1));
  EXPECT_TRUE(acceptor.empty(10));
  EXPECT_EQ(accepted.size(), 2U);
}

TEST_F(AcceptorTest, ForgetsARetryWhenItIsPaused) {
  ASSERT_TRUE(acceptor.resume());
  const auto client = connect();
  auto* const turning = loop.raw();
  {
    const OutOfDescriptors none;
    ev_run(turning, EVRUN_ONCE);
  }
  acceptor.pause();
  LoopTimers timers{loop};
  TimerRoom room;  // later than any retry
  timers.start(
      room, std::chrono::milliseconds{300}, [](void* l) noexcept { static_cast<Loop*>(l)->stop(); }, &loop);
  loop.run();
  EXPECT_TRUE(accepted.empty());
}

TEST_F(AcceptorTest, ClosesItsCopyOfTheListener) {
  ASSERT_TRUE(acceptor.resume());
  acceptor.close();
  EXPECT_EQ(listeners.front().fd(), -1);
}

}  // namespace
}  // namespace indrik::worker
