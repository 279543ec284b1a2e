#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/printer.h"
#include "config/setting_value.h"
#include "config/toml_reader.h"
#include "config/toml_text.h"

// Input: a configuration file. Whatever it holds, its mistakes are lines; and if it has none, what --print-config
// prints of its plugins is read as the same plugins.

namespace {

using indrik::config::FileReading;
using indrik::config::Loaded;
using indrik::config::PluginApp;

void demand(bool condition) {
  if (!condition) std::abort();
}

bool same(const PluginApp& a, const PluginApp& b) {
  if (a.plugin != b.plugin || a.mount != b.mount || a.config.size() != b.config.size()) return false;
  for (std::size_t i = 0; i < a.config.size(); ++i) {
    // As texts: nan is not equal to itself.
    if (a.config[i].key != b.config[i].key ||
        indrik::config::toml_value(a.config[i].value) != indrik::config::toml_value(b.config[i].value))
      return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reading = indrik::config::read_toml({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  for (const auto& mistake : reading.mistakes) demand(mistake.text.find('\n') == std::string::npos);
  if (!reading.mistakes.empty()) return 0;

  Loaded loaded{.settings = indrik::config::default_settings(), .apps = reading.apps};
  for (const auto& spec : indrik::config::settings_table()) loaded.origins.emplace(spec.key, "default");
  const FileReading again = indrik::config::read_toml(indrik::config::print_config(loaded), "printed.toml");
  demand(again.mistakes.empty() && again.apps.size() == reading.apps.size());
  for (std::size_t i = 0; i < again.apps.size(); ++i) demand(same(again.apps[i], reading.apps[i]));
  return 0;
}
