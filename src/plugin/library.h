#pragma once

#include <indrik/plugin.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "plugin/host.h"

namespace indrik::plugin {

/// A plugin's shared object, loaded and judged. It stays loaded until the process ends, also when it was refused: code
/// that may have left objects, threads or handlers behind is never unmapped. Copies are the same plugin.
class Library {
 public:
  /// Loads the file and asks its entry for the descriptor. The path is taken as it is: nothing is searched.
  /// The error is one sentence: "plugin /srv/a.so: No such file or directory". Runs the file's static constructors and
  /// its entry: one that throws there ends the process. `log` is where the plugin's lines go until it has an Instance.
  static Result<Library> open(const std::filesystem::path& path, const LogSink& log = {});

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string_view name() const noexcept { return descriptor_.name; }
  /// Empty: the plugin does not say.
  std::string_view version() const noexcept { return descriptor_.version == nullptr ? "" : descriptor_.version; }
  /// What the plugin's header did not have is NULL.
  const indrik_plugin& descriptor() const noexcept { return descriptor_; }

 private:
  Library(std::filesystem::path path, const indrik_plugin& descriptor)
      : path_{std::move(path)}, descriptor_{descriptor} {}
  std::filesystem::path path_;
  indrik_plugin descriptor_;
};

}  // namespace indrik::plugin
