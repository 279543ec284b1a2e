#include "fiber/offload.h"

#include <netdb.h>

#include "fiber/fiber.h"

namespace indrik::fiber::detail {

void Offloaded::run(void* self) noexcept {
  auto& job = *static_cast<Offloaded*>(self);
  errno = 0;
  h_errno = 0;
  job.work();
  job.errno_ = errno;
  job.h_errno_ = h_errno;
}

void Offloaded::done(void* self) noexcept {
  auto* const job = static_cast<Offloaded*>(self);
  job->over_ = true;
  if (job->waiter_ != nullptr) return job->waiter_->wake();
  const std::unique_ptr<Offloaded> abandoned{job};
}

bool Offloaded::submit(Parking& waiter) noexcept {
  waiter_ = &waiter;
  if (current_loop().offloads.submit(job_)) return true;
  run(this);
  return false;
}

// A call that succeeds leaves errno alone, as a rule; what it was is not worth to be asked for.
void Offloaded::take_errors() const noexcept {
  if (errno_ != 0) errno = errno_;
  if (h_errno_ != 0) h_errno = h_errno_;
}

void Offloaded::run_through() noexcept {
  Parking parking;
  if (submit(parking))
    while (!over_) parking.wait_through(kAsLongAsItTakes);
  take_errors();
}

bool Offloaded::run_or_abandon(std::unique_ptr<Offloaded>& self) noexcept {
  if (is_cancelled()) {  // nobody would wait for it
    self.reset();
    return false;
  }
  Parking parking;
  if (self->submit(parking)) {
    while (!self->over_)
      if (parking.wait(kAsLongAsItTakes) == WaitEnd::cancelled && !self->over_) {
        self.release()->waiter_ = nullptr;
        return false;
      }
  }
  self->take_errors();
  return true;
}

}  // namespace indrik::fiber::detail
