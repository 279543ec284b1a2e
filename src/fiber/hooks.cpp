#include "fiber/hooks.h"

#include <algorithm>
#include <array>
#include <vector>

#include "fiber/hook_families.h"

namespace indrik::fiber {
namespace {

constexpr std::array kFamilies{&c11_hooks,       &close_hooks,    &condition_hooks, &connect_hooks,    &databases_hooks,
                               &epoll_hooks,     &eventfd_hooks,  &file_data_hooks, &file_locks_hooks, &files_hooks,
                               &futex_hooks,     &messages_hooks, &mutex_hooks,     &names_hooks,      &once_hooks,
                               &poll_hooks,      &process_hooks,  &read_hooks,      &rwlock_hooks,     &select_hooks,
                               &semaphore_hooks, &sendfile_hooks, &signals_hooks,   &sleep_hooks,      &socket_hooks,
                               &splice_hooks,    &thread_hooks};

std::vector<std::string_view> sorted_names() {
  std::vector<std::string_view> names;
  for (const auto family : kFamilies) {
    const auto more = family();
    names.insert(names.end(), more.begin(), more.end());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::span<const std::string_view> hooked_symbols() {
  static const auto names = sorted_names();
  return names;
}

}  // namespace indrik::fiber
