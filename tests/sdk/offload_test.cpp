// Work for threads, and descriptors.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "base/fd.h"
#include "sdk/harness.h"

namespace indrik::test {
namespace {

class OffloadTest : public SdkTest {};
class ReadyTest : public SdkTest {};

TEST_F(OffloadTest, RunsOnAThreadAndGivesWhatItReturns) {
  const auto task = []() -> Task<> {
    const auto here = std::this_thread::get_id();
    const auto there = co_await offload([] { return std::this_thread::get_id(); });
    EXPECT_NE(here, there);
    EXPECT_EQ(std::this_thread::get_id(), here);
    int ran = 0;
    co_await offload([&ran] { ++ran; });
    EXPECT_EQ(ran, 1);
    EXPECT_THROW(co_await offload([]() -> int { throw std::runtime_error{"there"}; }), std::runtime_error);
  };
  run(task());
}

TEST_F(OffloadTest, RefersToAFunctionThatHasAName) {
  const auto task = []() -> Task<> {
    const std::string text(100, 'x');
    const auto job = [text, moved = std::make_unique<int>(5)] { return text.size() + static_cast<unsigned>(*moved); };
    EXPECT_EQ(co_await offload(job), 105U);
    EXPECT_EQ(co_await offload(job), 105U);
  };
  run(task());
}

TEST_F(OffloadTest, IsAwaitedEvenWhenItIsCancelled) {
  std::atomic<bool> begun{false};
  std::atomic<bool> go{false};
  std::atomic<bool> returned{false};
  const auto task = [&]() -> Task<> {
    std::string local = "a text that must be there as long as the thread runs";
    const auto slow = [&]() -> Task<> {
      co_await offload([&] {
        begun = true;
        while (!go) std::this_thread::yield();
        returned = !local.empty();
      });
    };
    auto child = co_await spawn(slow());
    while (!begun) co_await sleep_for(100us);
    child.cancel();
    co_await sleep_for(100us);
    EXPECT_FALSE(child.done());
    go = true;
    co_await child.join();  // too late to be cancelled: it has its value
    EXPECT_TRUE(returned);
  };
  run(task());
}

TEST_F(OffloadTest, DoesNotBeginWhatWasCancelledInTheQueue) {
  std::atomic<bool> go{false};
  std::atomic<int> ran{0};
  const auto task = [&]() -> Task<> {
    const auto hold = [&]() -> Task<> {
      co_await offload([&] {
        while (!go) std::this_thread::yield();
      });
    };
    const auto late = [&]() -> Task<> { co_await offload([&ran] { ++ran; }); };
    std::vector<Spawned<>> held;
    for (int i = 0; i < 4; ++i) held.push_back(co_await spawn(hold()));  // all the threads there are
    auto child = co_await spawn(late());
    child.cancel();
    go = true;
    EXPECT_THROW(co_await child.join(), Cancelled);
    for (auto& one : held) co_await one.join();
  };
  run(task());
  EXPECT_EQ(ran, 0);
}

TEST_F(ReadyTest, WaitsUntilADescriptorIsReady) {
  int raw[2];
  ASSERT_EQ(::pipe2(raw, O_CLOEXEC | O_NONBLOCK), 0);
  const Fd in{raw[0]};
  const Fd out{raw[1]};
  const auto task = [&]() -> Task<> {
    const auto write = [&]() -> Task<> {
      EXPECT_TRUE(co_await wait_writable(out.get()));
      co_await sleep_for(1ms);
      EXPECT_EQ(::write(out.get(), "x", 1), 1);
    };
    EXPECT_FALSE(co_await wait_readable(in.get(), 1ms));
    auto writer = co_await spawn(write());
    EXPECT_TRUE(co_await wait_readable(in.get()));
    EXPECT_TRUE(co_await wait_readable(in.get(), 1h));
    EXPECT_TRUE(co_await wait_writable(out.get(), 1h));
    co_await writer.join();
  };
  run(task());
}

TEST_F(ReadyTest, ThrowsForWhatIsNoDescriptor) {
  const auto task = []() -> Task<> { EXPECT_THROW(co_await wait_readable(-1), std::system_error); };
  run(task());
}

TEST_F(ReadyTest, IsCancelledAndForgetsTheDescriptor) {
  const auto task = []() -> Task<> {
    const Fd never{::eventfd(0, EFD_CLOEXEC)};
    const auto wait = [](int descriptor) -> Task<> { co_await wait_readable(descriptor, 1h); };
    EXPECT_THROW(co_await with_timeout(1ms, wait(never.get())), TimedOut);
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(never.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    co_await sleep_for(1ms);  // nobody is called for it
  };
  run(task());
}

TEST_F(ReadyTest, SaysWhosePluginTheLoopRuns) {
  const auto task = [this]() -> Task<> {
    co_await sleep_for(1ms);
    EXPECT_EQ(guest.plugin, "test");
    co_await offload([] {});
    EXPECT_EQ(guest.plugin, "test");
  };
  run(task());
  EXPECT_EQ(guest.plugin, "");
}

}  // namespace
}  // namespace indrik::test
