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
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool ThreadPool::submit(Job job) {
  const std::unique_lock lock{mutex_};
  if (idle_ <= jobs_.size() && threads_.size() < size_) {
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

void ThreadPool::serve() {
  const process::AlternateStack for_crashes;
  std::unique_lock lock{mutex_};
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    --idle_;
    if (closing_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace indrik::worker
