#include "worker/worker.h"

#include "worker/engine.h"

namespace indrik::worker {

Worker::Worker(const Options& options, const Surroundings& surroundings)
    : engine_{std::make_unique<Engine>(options, surroundings)} {}

Worker::~Worker() = default;

LoopServices Worker::services() noexcept { return engine_->services(); }

void Worker::run() { engine_->run(); }

}  // namespace indrik::worker
