#include "config/printer.h"

#include <fmt/format.h>

#include <iterator>

#include "config/messages.h"
#include "config/setting_value.h"
#include "config/toml_text.h"

namespace indrik::config {

namespace {

void print_binds(std::string& out, const PluginApp& app) {
  for (const auto& bind : app.binds) {
    const auto addresses = toml_value(bind.addresses);
    if (bind.stream.empty())
      fmt::format_to(std::back_inserter(out), "bind = {}\n", addresses);
    else
      fmt::format_to(std::back_inserter(out), "bind.{} = {}\n", toml_key(bind.stream), addresses);
  }
}

void print_app(std::string& out, const PluginApp& app) {
  const auto origin = printable(app.origin);
  auto to = std::back_inserter(out);
  fmt::format_to(to, "\n[[app]]  # {}\nplugin = {}\nmount = {}\n", origin, toml_string(app.plugin),
                 toml_string(app.mount));
  print_binds(out, app);
  if (app.config.empty()) return;
  out += "[app.config]\n";
  for (const auto& setting : app.config)
    fmt::format_to(to, "{} = {}  # {}\n", toml_key(setting.key), toml_value(setting.value), printable(setting.origin));
}

}  // namespace

std::string print_config(const Loaded& loaded) {
  std::string out;
  for (const auto& spec : settings_table())
    fmt::format_to(std::back_inserter(out), "{} = {}  # {}\n", spec.key, format_value(spec, loaded.settings),
                   printable(loaded.origins.find(spec.key)->second));
  for (const auto& app : loaded.apps) print_app(out, app);
  return out;
}

}  // namespace indrik::config
