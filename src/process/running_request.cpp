#include "process/running_request.h"

namespace indrik::process {
namespace {

constinit thread_local const RunningRequest* t_running = nullptr;

}  // namespace

void mark_running(const RunningRequest* request) noexcept { t_running = request; }

const RunningRequest* marked_running() noexcept { return t_running; }

}  // namespace indrik::process
