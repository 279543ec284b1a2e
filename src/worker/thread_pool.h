#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace indrik::worker {

/// A fixed number of threads that run jobs in the order they came. Threads start with the first job that finds none
/// idle. submit() from one thread; jobs must not throw.
class ThreadPool {
 public:
  using Job = std::function<void()>;

  explicit ThreadPool(std::size_t size);
  /// Waits for the jobs that run; those that have not begun are forgotten.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// False, and the job is not taken, when no thread at all could be started.
  bool submit(Job job);

 private:
  std::size_t waiting() const noexcept { return jobs_.size() - taken_; }
  Job take();
  void serve();

  const std::size_t size_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> jobs_;  ///< room that is kept: a queue that is empty now and then allocates nothing
  std::size_t taken_ = 0;  ///< of them, from the front
  std::size_t idle_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace indrik::worker
