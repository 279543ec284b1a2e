#include "worker/edges.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/fd.h"
#include "worker/loop.h"

namespace indrik::worker {
namespace {

class EdgesTest : public testing::Test {
 protected:
  EdgesTest() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    socket.reset(ends[0]);
    client.reset(ends[1]);
    watcher.set<EdgesTest, &EdgesTest::on_ready>(this);
  }
  void on_ready(ev::io&, int events) { ((events & ev::READ) != 0 ? readable : writable) += 1; }
  void watch(int events = ev::READ) {
    loop.edges().add(socket.get());
    watcher.start(socket.get(), events);
    turn();
  }
  void turn() { ev_run(loop.raw(), EVRUN_NOWAIT); }
  void say() { ASSERT_EQ(::send(client.get(), "a", 1, 0), 1); }
  /// How often it is told of within a few turns.
  int told() {
    const int before = readable;
    for (int i = 0; i < 4; ++i) turn();
    return readable - before;
  }

  Loop loop;
  Fd socket, client;
  ev::io watcher{loop};
  int readable = 0;
  int writable = 0;
};

TEST_F(EdgesTest, OthersAreToldOfInEveryTurn) {
  watcher.start(socket.get(), ev::READ);
  say();
  EXPECT_EQ(told(), 4);
}

TEST_F(EdgesTest, AreToldOfOnceForEachTimeThatSomethingComes) {
  watch();
  EXPECT_EQ(told(), 0);
  say();
  EXPECT_EQ(told(), 1);
  say();
  EXPECT_EQ(told(), 1);
  EXPECT_FALSE(loop.edges().may_hold_more(socket.get()));
}

TEST_F(EdgesTest, KnowOfTheEndBehindWhatHasCome) {
  watch();
  say();
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  EXPECT_EQ(told(), 1);
  EXPECT_TRUE(loop.edges().may_hold_more(socket.get()));
}

TEST_F(EdgesTest, AreLookedAtAgainByAWatcherThatIsStoppedAndStarted) {
  watch();
  say();
  EXPECT_EQ(told(), 1);
  for (int i = 0; i < 3; ++i) {
    watcher.stop();
    watcher.start(socket.get(), ev::READ);
    EXPECT_EQ(told(), 1);
  }
}

TEST_F(EdgesTest, AreLookedAtAgainAfterATimeWithoutAWatcher) {
  watch();
  watcher.stop();
  turn();
  say();
  EXPECT_EQ(told(), 0);
  watcher.start(socket.get(), ev::READ);
  EXPECT_EQ(told(), 1);
}

TEST_F(EdgesTest, OneThatIsWatchedForWritingTooIsToldOfInEveryTurn) {
  watch(ev::READ | ev::WRITE);
  say();
  EXPECT_EQ(told(), 4);
  watcher.set(ev::READ);
  EXPECT_EQ(told(), 1);
  watcher.set(ev::READ | ev::WRITE);
  EXPECT_EQ(told(), 4);
  EXPECT_EQ(writable, 1);  // before anything had come
}

TEST_F(EdgesTest, OutliveTheLoopsEpollSet) {
  watch();
  ev_loop_fork(loop.raw());  // it makes itself a new one
  for (int i = 0; i < 3; ++i) turn();
  say();
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  EXPECT_EQ(told(), 1);
  EXPECT_TRUE(loop.edges().may_hold_more(socket.get()));
}

TEST_F(EdgesTest, OfARemovedSocketNothingIsKnown) {
  watch();
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  turn();
  ASSERT_TRUE(loop.edges().may_hold_more(socket.get()));
  loop.edges().remove(socket.get());
  EXPECT_FALSE(loop.edges().has(socket.get()));
  EXPECT_FALSE(loop.edges().may_hold_more(socket.get()));
  loop.edges().remove(socket.get() + 1'000'000);  // nothing happens
  loop.edges().add(socket.get());
  EXPECT_FALSE(loop.edges().may_hold_more(socket.get()));
}

TEST_F(EdgesTest, AThreadHasThoseOfItsLatestLoop) {
  EXPECT_EQ(Edges::of_thread(), &loop.edges());
  {
    const Loop inner;
    EXPECT_EQ(Edges::of_thread(), &inner.edges());
  }
  EXPECT_EQ(Edges::of_thread(), &loop.edges());
  std::thread{[] { EXPECT_EQ(Edges::of_thread(), nullptr); }}.join();
}

/// Whoever has an epoll set of his own hears of no edges.
TEST_F(EdgesTest, AreThoseOfTheLoopsSetAlone) {
  watch();
  const Fd set{::epoll_create1(EPOLL_CLOEXEC)};
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.fd = client.get()}};
  ASSERT_EQ(::epoll_ctl(set.get(), EPOLL_CTL_ADD, client.get(), &event), 0);
  ASSERT_EQ(::shutdown(socket.get(), SHUT_WR), 0);
  loop.edges().add(client.get());
  ASSERT_EQ(::epoll_wait(set.get(), &event, 1, 0), 1);
  EXPECT_FALSE(loop.edges().may_hold_more(client.get()));
}

TEST_F(EdgesTest, FailAsTheCallDoes) {
  loop.edges().add(socket.get());
  EXPECT_EQ(loop.edges().control(-1, EPOLL_CTL_ADD, socket.get(), {.events = EPOLLIN, .data = {}}), -1);
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace indrik::worker
