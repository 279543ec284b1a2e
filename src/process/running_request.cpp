#include "process/running_request.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace indrik::process {
namespace {

constinit thread_local const RunningRequest* t_running = nullptr;

struct PluginMark {
  char name[64];
  RunningRequest request;
};

}  // namespace

const RunningRequest* mark_of_plugin(std::string_view plugin) noexcept {
  static thread_local std::array<PluginMark, 64> marks{};
  plugin = plugin.substr(0, sizeof PluginMark::name);
  for (auto& mark : marks) {
    if (mark.request.plugin == plugin) return &mark.request;
    if (!mark.request.plugin.empty()) continue;
    std::memcpy(mark.name, plugin.data(), plugin.size());
    mark.request.plugin = {mark.name, plugin.size()};
    return &mark.request;
  }
  return nullptr;
}

// The fences keep the compiler from moving what is written of a request past the moment from which a signal's handler
// may read it, or reads it no more.
void mark_running(const RunningRequest* request) noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  t_running = request;
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

const RunningRequest* marked_running() noexcept { return t_running; }

}  // namespace indrik::process
