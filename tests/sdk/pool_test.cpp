// Connections that are kept, whoever uses them.
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "base/fd.h"
#include "sdk/harness.h"

namespace indrik::test {
namespace {

using testing::ElementsAre;

class PoolTest : public SdkTest {
 protected:
  struct Connection {
    Connection(int n, int& all) : number{n}, gone{&all} {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ++*gone; }
    int number;
    int* gone;
    bool broken = false;
  };

  auto make() {
    return [this] { return std::make_unique<Connection>(++made, gone); };
  }
  auto make_later() {
    return [this]() -> Task<std::unique_ptr<Connection>> {
      co_await sleep_for(1ms);
      co_return std::make_unique<Connection>(++made, gone);
    };
  }
  static void end(Pool<Connection>::Lease lease) { (void)lease; }

  int made = 0;
  int gone = 0;
};

TEST_F(PoolTest, MakesWhatIsNeededAndKeepsIt) {
  Pool<Connection> pool{app, {.size = 2}, make()};
  {
    const auto one = pool.take();
    EXPECT_EQ(one->number, 1);
    const auto two = pool.take();
    EXPECT_EQ((*two).number, 2);
    EXPECT_EQ(pool.idle(), 0U);
  }
  EXPECT_EQ(pool.idle(), 2U);
  EXPECT_EQ(pool.take()->number, 1);  // the one given back last
  EXPECT_EQ(made, 2);
}

TEST_F(PoolTest, LetsCoroutinesWaitInTurn) {
  Pool<Connection> pool{app, {.size = 2}, make_later()};
  std::vector<int> order;
  const auto use = [&](int number) -> Task<> {
    const auto connection = co_await pool.async_take();
    order.push_back(number);
    co_await sleep_for(2ms);
  };
  const auto all = [&]() -> Task<> {
    std::vector<Task<>> uses;
    for (int i = 0; i < 8; ++i) uses.push_back(use(i));
    co_await when_all(std::move(uses));
  };
  run(all());
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(made, 2);
}

TEST_F(PoolTest, MakesOnAThreadWhatCannotBeMadeOtherwise) {
  auto there = std::this_thread::get_id();
  Pool<Connection> pool{app, {}, [&] {
                          there = std::this_thread::get_id();
                          return std::make_unique<Connection>(++made, gone);
                        }};
  const auto task = [&]() -> Task<> { EXPECT_EQ((co_await pool.async_take())->number, 1); };
  run(task());
  EXPECT_NE(there, std::this_thread::get_id());
}

TEST_F(PoolTest, TakesEitherWayOfMakingValues) {
  Pool<std::string> pool{
      app, {}, [] { return std::string{"blocking"}; }, []() -> Task<std::string> { co_return "async"; }};
  const auto task = [&]() -> Task<> {
    const auto kept = co_await pool.async_take();
    EXPECT_EQ(*kept, "async");
    EXPECT_EQ(*pool.take(), "blocking");
  };
  run(task());
  Pool<std::string> async_only{app, {}, []() -> Task<std::string> { co_return "async"; }};
  EXPECT_THROW((void)async_only.take(), std::logic_error);
}

TEST_F(PoolTest, GivesUpWhereAllAreOut) {
  Pool<Connection> pool{app, {.size = 1, .wait = 2ms}, make()};
  auto taken = pool.take();
  EXPECT_THROW((void)pool.take(), TimedOut);
  const auto task = [&]() -> Task<> { EXPECT_THROW((void)co_await pool.async_take(), TimedOut); };
  run(task());
  end(std::move(taken));
  EXPECT_EQ(pool.take()->number, 1);
}

TEST_F(PoolTest, DestroysWhatIsBroken) {
  Pool<Connection> pool{app, {.size = 1, .wait = 2ms}, make()};
  pool.check([](const Connection& connection) { return !connection.broken; });
  pool.take()->broken = true;
  EXPECT_EQ(pool.take()->number, 2);
  EXPECT_EQ(gone, 1);
  {
    auto lease = pool.take();
    lease.discard();
    EXPECT_EQ(gone, 2);
    EXPECT_EQ(pool.take()->number, 3);  // there is room for it at once
  }
  try {
    const auto lease = pool.take();
    throw std::runtime_error{"in the midst of something"};
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(gone, 3);
  try {
    auto lease = pool.take();
    lease.keep_after_failure();
    throw std::runtime_error{"of no concern to it"};
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(pool.take()->number, 4);
}

TEST_F(PoolTest, DestroysWhatACancelledCoroutineLeaves) {
  Pool<Connection> pool{app, {.size = 1}, make_later()};
  const auto task = [&]() -> Task<> {
    const auto use = [&]() -> Task<> {
      const auto lease = co_await pool.async_take();
      co_await sleep_for(1h);
    };
    EXPECT_THROW(co_await with_timeout(5ms, use()), TimedOut);
    EXPECT_EQ((co_await pool.async_take())->number, 2);
  };
  run(task());
  EXPECT_EQ(gone, 1);
}

TEST_F(PoolTest, ThrowsWhatMakingThrowsAndLosesNoRoom) {
  int tries = 0;
  Pool<Connection> pool{app, {.size = 1, .wait = 2ms}, [&]() -> std::unique_ptr<Connection> {
                          if (++tries <= 2) throw std::runtime_error{"refused"};
                          return std::make_unique<Connection>(++made, gone);
                        }};
  EXPECT_THROW((void)pool.take(), std::runtime_error);
  const auto task = [&]() -> Task<> {
    EXPECT_THROW((void)co_await pool.async_take(), std::runtime_error);
    EXPECT_EQ((co_await pool.async_take())->number, 1);
  };
  run(task());
}

TEST_F(PoolTest, DestroysWhatNobodyNeeds) {
  Pool<Connection> pool{app, {.size = 3, .idle = 5ms}, make()};
  {
    const auto one = pool.take();
    const auto two = pool.take();
  }
  while (gone < 2) turns.turn(10ms);
  EXPECT_EQ(pool.idle(), 0U);
  end(pool.take());
  while (gone < 3) turns.turn(10ms);
}

TEST_F(PoolTest, IsForThreadsFibersAndCoroutinesAtOnce) {
  std::atomic<int> serial{0};
  std::atomic<int> out{0};
  Pool<int> pool{app,
                 {.size = 3, .idle = 1ms},
                 [&] { return ++serial; },
                 [&]() -> Task<int> {
                   co_await sleep_for(0ms);
                   co_return ++serial;
                 }};
  const auto use = [&] {
    for (int i = 0; i < 200; ++i) {
      auto lease = pool.take();
      EXPECT_LE(++out, 3);
      if (i % 50 == 49) lease.discard();
      --out;
    }
  };
  std::atomic<int> left{2};
  struct InFiber {
    std::function<void()> work;
    std::atomic<int>* left;
  };
  InFiber in_fiber{use, &left};
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(fibers.start({[](void* self) noexcept { static_cast<InFiber*>(self)->work(); },
                              [](void* self) noexcept { --*static_cast<InFiber*>(self)->left; }, &in_fiber}));
  std::thread thread{use};
  std::thread other{use};
  const auto coroutine = [&]() -> Task<> {
    for (int i = 0; i < 200; ++i) {
      const auto lease = co_await pool.async_take();
      EXPECT_LE(++out, 3);
      --out;
    }
  };
  const auto both = [&]() -> Task<> { co_await when_all(coroutine(), coroutine()); };
  run(both());
  while (left > 0) turns.turn(1ms);
  thread.join();
  other.join();
}

TEST_F(PoolTest, KnowsAQuietSocket) {
  int raw[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw), 0);
  const Fd ours{raw[0]};
  Fd theirs{raw[1]};
  EXPECT_TRUE(is_quiet(ours.get()));
  EXPECT_EQ(::write(theirs.get(), "x", 1), 1);
  EXPECT_FALSE(is_quiet(ours.get()));
  char byte = 0;
  EXPECT_EQ(::read(ours.get(), &byte, 1), 1);
  theirs.reset();
  EXPECT_FALSE(is_quiet(ours.get()));
}

}  // namespace
}  // namespace indrik::test
