#include "app/escapes.h"

#include <fmt/format.h>

#include <algorithm>

#include "fiber/hooks.h"
#include "plugin/escapes.h"

namespace indrik::app {
namespace {

void add(std::vector<std::string>& sentences, const std::string& path, plugin::Part part) {
  for (const auto& escape : plugin::find_escapes(path, part, fiber::hooked_symbols())) {
    auto sentence = fmt::format("{} {} {}: in class green its waits hold the whole worker",
                                part == plugin::Part::plugin ? "plugin" : "library", path, escape);
    if (std::find(sentences.begin(), sentences.end(), sentence) == sentences.end())
      sentences.push_back(std::move(sentence));
  }
}

}  // namespace

std::vector<std::string> escapes(const Configuration& configuration, std::span<const std::string> before) {
  std::vector<std::string> sentences;
  if (configuration.loaded.settings.worker_class != config::WorkerClass::green) return sentences;
  for (const auto& app : configuration.apps) add(sentences, app.library.native(), plugin::Part::plugin);
  for (const auto& file : plugin::loaded_files()) {
    const bool is_new = std::find(before.begin(), before.end(), file) == before.end();
    const bool is_plugin = std::any_of(configuration.apps.begin(), configuration.apps.end(), [&](const auto& app) {
      std::error_code ignored;
      return std::filesystem::equivalent(app.library, file, ignored);
    });
    if (is_new && !is_plugin) add(sentences, file, plugin::Part::library);
  }
  return sentences;
}

}  // namespace indrik::app
