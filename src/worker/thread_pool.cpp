#include "worker/thread_pool.h"

#include <system_error>

#include "process/crash_handler.h"

namespace indrik::worker {

ThreadPool::ThreadPool(std::size_t size) : size_{size} { threads_.reserve(size); }

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
    jobs_.clear();
    taken_ = 0;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool ThreadPool::submit(Job job) {
  const std::unique_lock lock{mutex_};
  if (idle_ <= waiting() && threads_.size() < size_) {
    try {
      threads_.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {  // pthread_create(3): EAGAIN
      if (threads_.empty()) return false;
    }
  }
  jobs_.push_back(std::move(job));
  wake_.notify_one();
  return true;
}

ThreadPool::Job ThreadPool::take() {
  Job job = std::move(jobs_[taken_++]);
  // What was taken is dropped as soon as it is at least half of all: each job moves once more at most, on average.
  if (taken_ * 2 >= jobs_.size()) {
    jobs_.erase(jobs_.begin(), jobs_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  return job;
}

void ThreadPool::serve() {
  const process::AlternateStack for_crashes;
  std::unique_lock lock{mutex_};
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return closing_ || waiting() > 0; });
    --idle_;
    if (closing_) return;
    const Job job = take();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace indrik::worker
