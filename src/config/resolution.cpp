#include "config/resolution.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "config/messages.h"
#include "config/reference.h"
#include "config/toml_text.h"

namespace indrik::config {
namespace {

/// One walk over what may hold references.
class Resolution {
 public:
  Resolution(std::span<const std::string> environment, Mistakes& mistakes)
      : references_{environment}, mistakes_{mistakes} {}

  void resolve(PluginSetting& setting, const std::filesystem::path& folder) {
    const auto resolved = [&](const std::string& text) {
      auto value = references_.resolve(text, folder);
      if (!value) refuse(setting.origin, toml_key(setting.key), text, value.error().text());
      return value.value_or({});
    };
    if (const auto* text = std::get_if<std::string>(&setting.value); text != nullptr && is_reference(*text))
      setting.resolved = resolved(*text);
    const auto* texts = std::get_if<std::vector<std::string>>(&setting.value);
    if (texts == nullptr || std::ranges::none_of(*texts, is_reference)) return;
    std::vector<std::string> all;
    std::ranges::transform(*texts, std::back_inserter(all), resolved);
    setting.resolved = std::move(all);
  }

  /// "NAME=value", whose value may be a reference.
  std::string resolve_variable(const std::string& entry, const std::string& origin,
                               const std::filesystem::path& folder) {
    const auto begin = entry.find('=') + 1;
    const auto value = references_.resolve(std::string_view{entry}.substr(begin), folder);
    if (!value) {
      refuse(origin, "env", entry, value.error().text());
      return {};
    }
    if (value->find('\0') != std::string::npos) refuse(origin, "env", entry, "a variable cannot hold a NUL");
    return entry.substr(0, begin) + *value;
  }

 private:
  void refuse(const std::string& origin, const std::string& key, const std::string& written, const std::string& why) {
    mistakes_.push_back(fmt::format("{}: {} = {}: {}", origin, key, shortened(toml_string(written)), printable(why)));
  }

  References references_;
  Mistakes& mistakes_;
};

}  // namespace

void resolve_references(Loaded& loaded, std::span<const std::string> environment,
                        const std::filesystem::path& env_folder, Mistakes& mistakes) {
  Resolution resolution{environment, mistakes};
  for (auto& app : loaded.apps)
    for (auto& setting : app.config) resolution.resolve(setting, app.folder);
  const auto& origin = loaded.origins.find("env")->second;
  for (const auto& entry : loaded.settings.env)
    loaded.environment.push_back(resolution.resolve_variable(entry, origin, env_folder));
}

}  // namespace indrik::config
