// Limits and channels, for whoever waits: coroutines, fibers, threads.
#include <memory>
#include <thread>

#include "sdk/harness.h"

namespace indrik::test {
namespace {

using testing::ElementsAre;

class SemaphoreTest : public SdkTest {};
class ChannelTest : public SdkTest {};

/// What a fiber is to do.
struct InFiber {
  std::function<void()> work;
  bool done = false;

  void start(fiber::FiberPool& fibers) {
    const auto started = fibers.start({[](void* self) noexcept { static_cast<InFiber*>(self)->work(); },
                                       [](void* self) noexcept { static_cast<InFiber*>(self)->done = true; }, this});
    ASSERT_TRUE(started);
  }
};

TEST_F(SemaphoreTest, LetsSoManyInAndOthersInTurn) {
  Semaphore limit{app, 2};
  std::vector<int> order;
  int inside = 0;
  const auto visit = [&](int number) -> Task<> {
    const auto permit = co_await limit.async_acquire();
    EXPECT_LE(++inside, 2);
    order.push_back(number);
    co_await sleep_for(1ms);
    --inside;
  };
  const auto all = [&]() -> Task<> {
    std::vector<Task<>> visits;
    for (int i = 0; i < 6; ++i) visits.push_back(visit(i));
    co_await when_all(std::move(visits));
  };
  run(all());
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_TRUE(limit.try_acquire());
}

TEST_F(SemaphoreTest, GivesUpAfterATimeAndLeavesTheLine) {
  Semaphore limit{app, 0};
  const auto task = [&]() -> Task<> {
    EXPECT_THROW(co_await limit.async_acquire(1ms), TimedOut);
    const auto wait = [&]() -> Task<> { (void)co_await limit.async_acquire(); };
    EXPECT_THROW(co_await with_timeout(1ms, wait()), TimedOut);
    limit.release();
    auto permit = co_await limit.async_acquire(1h);
    EXPECT_TRUE(permit);
    permit.keep();
  };
  run(task());
  EXPECT_FALSE(limit.try_acquire());
}

TEST_F(SemaphoreTest, GivesAPermitToWhoeverIsCancelledTooLate) {
  Semaphore limit{app, 0};
  const auto task = [&]() -> Task<> {
    const auto wait = [&]() -> Task<> { (void)co_await limit.async_acquire(); };
    auto child = co_await spawn(wait());
    limit.release();  // granted, not yet told
    child.cancel();
    co_await child.join();
  };
  run(task());
  EXPECT_TRUE(limit.try_acquire());  // it was given back
}

TEST_F(SemaphoreTest, LetsFibersWait) {
  Semaphore limit{app, 1};
  std::vector<int> order;
  std::vector<InFiber> visitors(4);
  for (int i = 0; i < 4; ++i)
    visitors[i].work = [&, i] {
      const auto permit = limit.acquire();
      order.push_back(i);
      fiber::sleep_for(1ms);
    };
  for (auto& one : visitors) one.start(fibers);
  while (fibers.active() > 0) turns.turn(10s);
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST_F(SemaphoreTest, LetsAFiberWaitNoLongerThanItSays) {
  Semaphore limit{app, 0};
  InFiber visitor{[&] { EXPECT_THROW((void)limit.acquire(2ms), TimedOut); }};
  visitor.start(fibers);
  while (!visitor.done) turns.turn(10s);
  limit.release();
  EXPECT_TRUE(limit.try_acquire());
}

TEST_F(SemaphoreTest, TellsAFiberWhoseRequestIsCancelled) {
  Semaphore limit{app, 0};
  fiber::Fiber* waiting = nullptr;
  InFiber visitor{[&] {
    waiting = fiber::current();
    EXPECT_THROW((void)limit.acquire(), Cancelled);
    EXPECT_THROW((void)limit.acquire(), Cancelled);  // after a while
  }};
  visitor.start(fibers);
  fiber::cancel(*waiting);
  while (!visitor.done) turns.turn(10s);
}

TEST_F(SemaphoreTest, LetsAFiberThatWasGrantedHaveItThoughItIsCancelled) {
  Semaphore limit{app, 0};
  fiber::Fiber* waiting = nullptr;
  bool permitted = false;
  InFiber visitor{[&] {
    waiting = fiber::current();
    permitted = static_cast<bool>(limit.acquire());
  }};
  visitor.start(fibers);
  limit.release();
  fiber::cancel(*waiting);
  while (!visitor.done) turns.turn(10s);
  EXPECT_TRUE(permitted);
}

TEST_F(SemaphoreTest, IsForThreadsToo) {
  Semaphore limit{app, 1};
  std::atomic<int> inside{0};
  std::atomic<int> visits{0};
  std::atomic<int> left{6};
  const auto visit = [&] {
    for (int i = 0; i < 300; ++i) {
      const auto permit = limit.acquire();
      EXPECT_EQ(++inside, 1);
      ++visits;
      --inside;
    }
    --left;
  };
  const auto coroutine = [&]() -> Task<> {
    for (int i = 0; i < 300; ++i) {
      const auto permit = co_await limit.async_acquire();
      EXPECT_EQ(++inside, 1);
      ++visits;
      --inside;
    }
    --left;
  };
  std::vector<InFiber> visitors(2);
  for (auto& one : visitors) one.work = visit;
  for (auto& one : visitors) one.start(fibers);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(visit);
  const auto both = [&]() -> Task<> { co_await when_all(coroutine(), coroutine()); };
  run(both());
  while (left > 0) turns.turn(1ms);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(visits, 6 * 300);
}

TEST_F(SemaphoreTest, LetsAThreadWaitNoLongerThanItSays) {
  Semaphore limit{app, 0};
  std::thread{[&] { EXPECT_THROW((void)limit.acquire(2ms), TimedOut); }}.join();
  EXPECT_THROW((void)limit.acquire(2ms), TimedOut);  // as class sync would, on the loop
}

TEST_F(ChannelTest, HoldsWhoSendsFasterThanOthersReceive) {
  Channel<std::string> channel{app, 2};
  int sent = 0;
  const auto send = [&]() -> Task<> {
    for (int i = 0; i < 5; ++i) {
      co_await channel.async_send(std::string(40, 'a') + std::to_string(i));
      ++sent;
    }
    channel.close();
  };
  const auto receive = [&]() -> Task<> {
    auto sender = co_await spawn(send());
    EXPECT_EQ(sent, 2);
    int expected = 0;
    while (const auto text = co_await channel.async_receive())
      EXPECT_EQ(*text, std::string(40, 'a') + std::to_string(expected++));
    EXPECT_EQ(expected, 5);
    co_await sender.join();
  };
  run(receive());
}

TEST_F(ChannelTest, RefusesWhatComesAfterItIsClosed) {
  Channel<int> channel{app, 1};
  const auto task = [&]() -> Task<> {
    co_await channel.async_send(1);
    const auto late = [&]() -> Task<> { co_await channel.async_send(2); };
    auto waiting = co_await spawn(late());
    channel.close();
    EXPECT_THROW(co_await waiting.join(), ChannelClosed);
    EXPECT_THROW(co_await channel.async_send(3), ChannelClosed);
    EXPECT_FALSE(channel.try_send(4));
    EXPECT_EQ(co_await channel.async_receive(), 1);
    EXPECT_EQ(co_await channel.async_receive(), std::nullopt);
    EXPECT_EQ(channel.receive(), std::nullopt);
  };
  run(task());
}

TEST_F(ChannelTest, EndsTheWaitOfReceiversWhenItIsClosed) {
  Channel<int> channel{app, 1};
  const auto task = [&]() -> Task<> {
    const auto wait = [&]() -> Task<> { EXPECT_EQ(co_await channel.async_receive(), std::nullopt); };
    auto waiting = co_await spawn(wait());
    channel.close();
    co_await waiting.join();
  };
  run(task());
}

TEST_F(ChannelTest, GivesUpAfterATime) {
  Channel<int> channel{app, 1};
  const auto task = [&]() -> Task<> {
    EXPECT_THROW(co_await channel.async_receive(1ms), TimedOut);
    co_await channel.async_send(1);
    EXPECT_THROW(co_await channel.async_send(2, 1ms), TimedOut);
    EXPECT_EQ(channel.try_receive(), 1);
    EXPECT_EQ(channel.try_receive(), std::nullopt);
  };
  run(task());
}

TEST_F(ChannelTest, TakesStructsThatHaveANameAndWhatCanOnlyBeMoved) {
  struct Message {
    std::string text;
    std::unique_ptr<int> number;
  };
  Channel<Message> channel{app, 1};
  const auto task = [&]() -> Task<> {
    Message message{.text = std::string(50, 'm'), .number = std::make_unique<int>(7)};
    co_await channel.async_send_from(message);
    const auto received = co_await channel.async_receive();
    EXPECT_EQ(received->text, std::string(50, 'm'));
    EXPECT_EQ(*received->number, 7);
  };
  run(task());
}

// Who receives how much is not known: each goes on until the last sender has closed it.
TEST_F(ChannelTest, CarriesBetweenThreadsFibersAndCoroutines) {
  constexpr int kEach = 500;
  Channel<int> channel{app, 3};
  std::atomic<int> sum{0};
  std::atomic<int> senders{2};
  const auto send = [&] {
    for (int i = 1; i <= kEach; ++i) channel.send(i);
    if (--senders == 0) channel.close();
  };
  InFiber fiber_sender{send};
  fiber_sender.start(fibers);
  std::thread thread_sender{send};
  std::thread thread_receiver{[&] {
    while (const auto value = channel.receive()) sum += *value;
  }};
  const auto receive = [&]() -> Task<> {
    while (const auto value = co_await channel.async_receive()) sum += *value;
  };
  run(receive());
  while (!fiber_sender.done) turns.turn(1ms);
  thread_sender.join();
  thread_receiver.join();
  EXPECT_EQ(sum, kEach * (kEach + 1));
}

}  // namespace
}  // namespace indrik::test
