#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "fiber/parking.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

class Semaphore {
 public:
  explicit Semaphore(unsigned value) { ::sem_init(&semaphore_, 0, value); }
  ~Semaphore() { ::sem_destroy(&semaphore_); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  sem_t* get() { return &semaphore_; }

 private:
  sem_t semaphore_;
};

class SemaphoreHookTest : public ConformanceTest {};

TEST_F(SemaphoreHookTest, AnswersAsOutsideOfFibers) {
  expect_the_same([] {
    Semaphore semaphore{2};
    const auto answer = [](int result) { return result == 0 ? 0L : errno; };
    const auto past = time_in(CLOCK_REALTIME, -1s);
    const auto soon = time_in(CLOCK_REALTIME, 20ms);
    const auto soon_monotonic = time_in(CLOCK_MONOTONIC, 20ms);
    const timespec invalid{.tv_sec = 0, .tv_nsec = -1};
    Results results{answer(::sem_wait(semaphore.get())), answer(::sem_timedwait(semaphore.get(), &past))};
    results.push_back(answer(::sem_timedwait(semaphore.get(), &past)));
    results.push_back(answer(::sem_timedwait(semaphore.get(), &soon)));
    results.push_back(answer(::sem_timedwait(semaphore.get(), &invalid)));
    results.push_back(answer(::sem_clockwait(semaphore.get(), CLOCK_MONOTONIC, &soon_monotonic)));
    results.push_back(answer(::sem_clockwait(semaphore.get(), CLOCK_PROCESS_CPUTIME_ID, &soon)));
    results.push_back(answer(::sem_post(semaphore.get())));
    results.push_back(answer(::sem_clockwait(semaphore.get(), CLOCK_REALTIME, &past)));
    results.push_back(answer(::sem_trywait(semaphore.get())));
    return results;
  });
}

TEST_F(SemaphoreHookTest, IsPostedByAFiberAndByAThread) {
  Semaphore semaphore{0};
  int passed = 0;
  for (int i = 0; i < 2; ++i)
    start([&] {
      EXPECT_EQ(::sem_wait(semaphore.get()), 0);
      ++passed;
    });
  in_fiber([&] {
    ::sem_post(semaphore.get());
    std::thread{[&] { ::sem_post(semaphore.get()); }}.join();
  });
  finish();
  EXPECT_EQ(passed, 2);
}

TEST_F(SemaphoreHookTest, IsPostedByAnotherProcess) {
  auto* const semaphore =
      static_cast<sem_t*>(::mmap(nullptr, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(semaphore, MAP_FAILED);
  ::sem_init(semaphore, /*pshared=*/1, 0);
  start([&] { EXPECT_EQ(::sem_wait(semaphore), 0); });
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::sem_post(semaphore));
  finish();
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  ::munmap(semaphore, sizeof(sem_t));
}

TEST_F(SemaphoreHookTest, IsLeftByACancelledTask) {
  Semaphore semaphore{0};
  int error = 0;
  Fiber* const waiter = start([&] { error = ::sem_wait(semaphore.get()) == 0 ? 0 : errno; });
  cancel(*waiter);
  EXPECT_EQ(error, ECANCELED);
  finish();
}

TEST_F(SemaphoreHookTest, LosesNoPostBetweenManyFibersAndThreads) {
  constexpr int kEach = 300;
  Semaphore semaphore{0};
  int passed = 0;
  const auto post = [&] {
    for (int i = 0; i < kEach; ++i) ::sem_post(semaphore.get());
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(post);
  for (int i = 0; i < 6; ++i) {
    if (i % 2 == 0) start(post);
    start([&] {
      for (int j = 0; j < kEach; ++j) {
        ASSERT_EQ(::sem_wait(semaphore.get()), 0);
        ++passed;
      }
    });
  }
  finish();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(passed, 6 * kEach);
}

}  // namespace
}  // namespace indrik::fiber
