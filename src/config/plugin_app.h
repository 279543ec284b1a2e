#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/value.h"

namespace indrik::config {

/// One value that the server hands to a plugin without understanding it.
struct PluginSetting {
  std::string key;     ///< nested tables are joined by dots: "pool.size"
  Value value;         ///< numbers in an array have become texts
  std::string origin;  ///< "indrik.toml:9"
  /// What the references in `value` stand for, if there are some: never printed.
  std::optional<Value> resolved{};

  const Value& effective() const noexcept { return resolved ? *resolved : value; }
  bool operator==(const PluginSetting&) const = default;
};

/// Where one stream of a plugin listens.
struct StreamBind {
  std::string stream;                  ///< its name; empty: the plugin's only one
  std::vector<std::string> addresses;  ///< as written
  std::string origin;                  ///< with the value: `indrik.toml:9: bind = ["x"]`

  bool operator==(const StreamBind&) const = default;
};

/// One [[app]] table, or one plugin named on the command line.
struct PluginApp {
  std::string plugin;                 ///< as written; find_plugin() says where it is
  std::string mount = "/";            ///< begins with "/"
  std::vector<PluginSetting> config;  ///< by key
  std::vector<StreamBind> binds{};    ///< by the streams' names
  std::string origin;                 ///< "indrik.toml:7", "command line"
  bool from_command_line = false;
  std::filesystem::path folder{};  ///< of the file that names it; empty: the current one
};

}  // namespace indrik::config
