#include "plugin/library.h"

#include <dlfcn.h>

#include "plugin/descriptor.h"
#include "plugin/elf_file.h"

namespace indrik::plugin {
namespace {

using Entry = decltype(&indrik_plugin_entry);

/// dlerror(3) repeats the path; our sentence has it already.
std::string loader_said(const std::string& path) {
  const char* raw = ::dlerror();
  std::string text = raw == nullptr ? "unknown failure of the loader" : raw;
  if (const auto prefix = path + ": "; text.starts_with(prefix)) text.erase(0, prefix.size());
  return text;
}

Result<Entry> load(const std::string& path) {
  // RTLD_NOW: what is missing shows here, not under a request. RTLD_LOCAL: plugins do not see each other's symbols.
  void* object = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) return fail(Error{loader_said(path)});
  void* symbol = ::dlsym(object, "indrik_plugin_entry");
  if (symbol == nullptr) return fail(Error{"not a plugin: it does not export indrik_plugin_entry"});
  return reinterpret_cast<Entry>(symbol);
}

Result<indrik_plugin> load_and_judge(const std::string& path, const LogSink& log) {
  if (auto whole = check_elf_file(path); !whole) return fail(std::move(whole).error());
  const auto entry = load(path);
  if (!entry) return fail(entry.error());
  const Host host{std::filesystem::path{path}.filename(), log};
  return check_descriptor((*entry)(&host));
}

}  // namespace

Result<Library> Library::open(const std::filesystem::path& path, const LogSink& log) {
  // A name without a slash would be looked up in the loader's own folders.
  auto loadable = path.native().find('/') == std::string::npos ? "." / path : path;
  auto descriptor = load_and_judge(loadable, log);
  if (!descriptor) return fail(std::move(descriptor).error().within("plugin " + path.native()));
  return Library{path, *descriptor};
}

}  // namespace indrik::plugin
