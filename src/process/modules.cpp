#include "process/modules.h"

#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace indrik::process {
namespace {

struct List {
  std::span<LoadedModule> modules;
  std::size_t count = 0;
};

std::int64_t mtime_ns(const struct stat& status) noexcept {
  return status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
}

void set_path(LoadedModule& module, const char* name) noexcept {
  if (*name == '\0') {  // how the loader calls the executable
    const auto size = ::readlink("/proc/self/exe", module.path, sizeof module.path);
    if (size < 0 || static_cast<std::size_t>(size) == sizeof module.path) module.path[0] = '\0';
  } else if (const auto size = std::strlen(name); size < sizeof module.path) {
    std::memcpy(module.path, name, size);
  }
  struct stat status {};
  if (::stat(module.path, &status) != 0) return;
  module.inode = status.st_ino;
  module.size = static_cast<std::uint64_t>(status.st_size);
  module.changed_ns = mtime_ns(status);
}

int add_module(dl_phdr_info* info, std::size_t /*size*/, void* context) noexcept {
  auto& list = *static_cast<List*>(context);
  if (list.count == list.modules.size()) return 1;
  LoadedModule module{.base = info->dlpi_addr, .begin = std::numeric_limits<std::uintptr_t>::max()};
  for (std::size_t i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const auto begin = module.base + segment.p_vaddr;
    module.begin = std::min<std::uintptr_t>(module.begin, begin);
    module.end = std::max<std::uintptr_t>(module.end, begin + segment.p_memsz);
  }
  set_path(module, info->dlpi_name);
  list.modules[list.count++] = module;
  return 0;
}

}  // namespace

std::size_t list_modules(std::span<LoadedModule> modules) noexcept {
  List list{.modules = modules};
  ::dl_iterate_phdr(add_module, &list);
  return list.count;
}

const LoadedModule* module_of(std::uintptr_t address, std::span<const LoadedModule> modules) noexcept {
  for (const auto& module : modules)
    if (module.holds(address)) return &module;
  return nullptr;
}

bool is_unchanged(const LoadedModule& module) noexcept {
  struct stat status {};
  return module.inode != 0 && ::stat(module.path, &status) == 0 && status.st_ino == module.inode &&
         static_cast<std::uint64_t>(status.st_size) == module.size && mtime_ns(status) == module.changed_ns;
}

}  // namespace indrik::process
