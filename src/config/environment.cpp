#include "config/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "config/messages.h"
#include "config/setting_spec.h"
#include "config/toml_text.h"

namespace indrik::config {

namespace {

constexpr std::string_view kPrefix = "INDRIK_";

Written written(const SettingSpec& spec, std::string_view text) {
  Written out{std::string{spec.key}, std::string{text}, shortened(toml_string(text)),
              fmt::format("environment {}", environment_name(spec))};
  if (is_list(spec)) {
    std::vector<std::string> parts;
    if (!text.empty())
      for (const auto part : split(text, ',')) parts.emplace_back(trim(part));
    out.value = std::move(parts);
  }
  return out;
}

/// The setting that `name` (without prefix) was meant to be; empty where it may well be somebody else's.
std::string_view misspelt(std::string_view name) {
  constexpr std::size_t kTellingLength = 5;  // INDRIK_BIN, _DIR and _PORT are no attempts at BIND and PID
  if (name.size() < kTellingLength) return {};
  std::vector<std::string_view> keys;
  for (const auto& spec : settings_table()) keys.push_back(spec.key);
  return nearest(name, keys);
}

}  // namespace

EnvironmentReading read_environment(const std::vector<std::string>& environment) {
  EnvironmentReading reading;
  for (const std::string_view entry : environment) {
    const auto equals = entry.find('=');
    if (!entry.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    const auto name = entry.substr(0, equals);
    const auto specs = settings_table();
    const auto spec =
        std::find_if(specs.begin(), specs.end(), [&](auto& row) { return environment_name(row) == name; });
    if (spec != specs.end()) {
      reading.settings.push_back(written(*spec, entry.substr(equals + 1)));
    } else if (const auto meant = misspelt(name.substr(kPrefix.size())); !meant.empty()) {
      reading.mistakes.push_back(fmt::format("environment {}: no setting has this name; did you mean {}?",
                                             shortened(name), environment_name(*find_setting(meant))));
    }
  }
  return reading;
}

}  // namespace indrik::config
