#include "worker/loop_offloads.h"

#include <exception>
#include <utility>

namespace indrik::worker {

LoopOffloads::LoopOffloads(const Loop& loop, std::size_t threads) : wake_{loop}, pool_{threads} {
  wake_.set<LoopOffloads, &LoopOffloads::on_done>(this);
  wake_.start();
}

bool LoopOffloads::submit(OffloadJob& job) noexcept {
  try {
    const bool taken = pool_.submit([this, &job] {
      job.run(job.context);
      {
        const std::lock_guard lock{mutex_};
        job.next = std::exchange(done_, &job);
      }
      wake_.send();
    });
    if (taken) ++pending_;
    return taken;
  } catch (const std::exception&) {  // no memory for the queue
    return false;
  }
}

void LoopOffloads::on_done(ev::async&, int) noexcept {
  OffloadJob* latest_first = nullptr;
  {
    const std::lock_guard lock{mutex_};
    latest_first = std::exchange(done_, nullptr);
  }
  OffloadJob* in_order = nullptr;
  while (latest_first) {
    OffloadJob* const job = std::exchange(latest_first, latest_first->next);
    job->next = std::exchange(in_order, job);
  }
  while (in_order) {
    OffloadJob* const job = std::exchange(in_order, in_order->next);
    --pending_;
    job->done(job->context);
  }
}

}  // namespace indrik::worker
