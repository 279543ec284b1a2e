#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load.h"
#include "net/address.h"
#include "net/tls_options.h"
#include "plugin/config.h"
#include "process/privileges.h"

namespace indrik::app {

/// Where one stream of a plugin listens.
struct StreamSpec {
  std::string name;  ///< empty: the plugin's only one
  std::vector<net::Address> addresses;
  std::string origin;  ///< for messages: `indrik.toml:9: bind = ["x"]`
};

/// One plugin to load: found, and with what it is told.
struct AppSpec {
  std::filesystem::path library;
  std::string mount;
  plugin::Config config;
  std::vector<StreamSpec> streams{};
  std::string origin{};  ///< "indrik.toml:7"
};

/// A configuration whose values every layer has accepted.
struct Configuration {
  config::Loaded loaded;
  std::vector<net::Address> addresses;
  std::vector<std::string> tls_addresses;      ///< texts of those of them that speak TLS
  std::vector<net::Address> stream_addresses;  ///< of all streams of `apps`
  std::vector<AppSpec> apps;
  std::optional<net::TlsOptions> tls;         ///< files and all; none: off
  std::optional<process::Identity> identity;  ///< whom the workers become; none: as started
};

/// What stands in the way of a configuration, and how the server ends for it at the first start.
struct Refusal {
  std::vector<std::string> sentences;
  ExitCode code = ExitCode::wrong_configuration;
};

/// Has what config::load() gave judged by the layers that know: addresses, log format, accounts, plugins' files.
Result<Configuration, Refusal> judge(config::Loaded loaded);

/// load() and judge() together, for a server that starts or reloads.
Result<Configuration, Refusal> read_configuration(const config::Invocation& invocation);

}  // namespace indrik::app
