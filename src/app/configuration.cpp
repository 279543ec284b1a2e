#include "app/configuration.h"

#include <algorithm>
#include <utility>

#include "app/identity.h"
#include "app/tls.h"
#include "config/plugin_lookup.h"
#include "http/forwarded.h"
#include "log/access_log.h"
#include "net/address_set.h"

namespace indrik::app {
namespace {

/// What stands behind a reference is shown as the reference, should the plugin complain of it.
void hide(const config::PluginSetting& setting, plugin::Config& config) {
  if (const auto* text = std::get_if<std::string>(&*setting.resolved))
    config.hide(*text, std::get<std::string>(setting.value));
  if (const auto* texts = std::get_if<std::vector<std::string>>(&*setting.resolved))
    for (std::size_t i = 0; i < texts->size(); ++i)
      config.hide((*texts)[i], std::get<std::vector<std::string>>(setting.value)[i]);
}

plugin::Config plugin_config(const config::PluginApp& app) {
  plugin::Config config;
  for (const auto& setting : app.config) {
    config.set(setting.key, setting.effective());
    if (setting.resolved) hide(setting, config);
  }
  return config;
}

/// A log on stderr or stdout would be a log that nobody can read.
void judge_daemon(const config::Loaded& loaded, std::vector<std::string>& mistakes) {
  for (const auto* key : {"error_logfile", "access_logfile"}) {
    const auto& settings = loaded.settings;
    if ((key == std::string_view{"error_logfile"} ? settings.error_logfile : settings.access_logfile) == "-")
      mistakes.push_back(fmt::format("{}: a daemon has no terminal: set {} to a file", loaded.where("daemon"), key));
  }
}

/// A socket speaks one of the two; with port 0, each is another.
void judge_secured(Configuration& judged, std::vector<std::string>& mistakes) {
  for (const auto& secure : judged.tls_addresses) {
    const auto has_text = [&](const auto& address) { return address.text() == secure; };
    const auto all = std::ranges::count_if(judged.addresses, has_text);
    if (all != std::ranges::count(judged.tls_addresses, secure))
      mistakes.push_back(
          fmt::format("{}: {} cannot be with https:// and without", judged.loaded.where("bind"), secure));
  }
  judged.tls = read_tls(judged.loaded, !judged.tls_addresses.empty(), mistakes);
}

/// Trusted peers, and what is believed of them.
void judge_proxies(const config::Loaded& loaded, std::vector<std::string>& mistakes) {
  const auto note = [&](std::string_view key, const auto& parsed) {
    if (!parsed) mistakes.push_back(loaded.where(key) + ": " + parsed.error().text());
  };
  const auto& settings = loaded.settings;
  note("proxy_allow_ips", net::AddressSet::parse(settings.proxy_allow_ips));
  note("forwarded_allow_ips", net::AddressSet::parse(settings.forwarded_allow_ips));
  note("forwarded_fields", http::ForwardedFields::parse(settings.forwarded_fields));
}

/// Somebody is to be served.
void judge_silence(const config::Loaded& loaded, std::vector<std::string>& mistakes) {
  const auto has_streams = [](const config::PluginApp& app) { return !app.binds.empty(); };
  if (loaded.settings.bind.empty() && std::ranges::none_of(loaded.apps, has_streams))
    mistakes.push_back(loaded.where("bind") +
                       ": nothing would listen: expected an address, unless an [[app]] has a bind of its own");
}

/// An address belongs to one stream, or to HTTP.
std::vector<StreamSpec> judge_streams(const config::PluginApp& app, Configuration& judged,
                                      std::vector<std::string>& mistakes) {
  std::vector<StreamSpec> streams;
  for (const auto& bind : app.binds) {
    auto& spec = streams.emplace_back(StreamSpec{.name = bind.stream, .addresses = {}, .origin = bind.origin});
    for (auto text : bind.addresses) {
      const bool is_secure = take_https(text);
      auto address = net::Address::parse(text);
      const auto is_same = [&](const auto& other) { return address && other.text() == address->text(); };
      if (is_secure) {
        mistakes.push_back(bind.origin + ": a stream does not speak TLS: https:// is for the server's own bind");
      } else if (!address) {
        mistakes.push_back(bind.origin + ": " + address.error().text());
      } else if (std::ranges::any_of(judged.addresses, is_same)) {
        mistakes.push_back(fmt::format("{}: {} is in the server's own bind as well", bind.origin, address->text()));
      } else if (std::ranges::any_of(judged.stream_addresses, is_same)) {
        mistakes.push_back(fmt::format("{}: {} is named twice", bind.origin, address->text()));
      } else {
        judged.stream_addresses.push_back(*address);
        spec.addresses.push_back(*std::move(address));
      }
    }
  }
  return streams;
}

}  // namespace

Result<Configuration, Refusal> judge(config::Loaded loaded) {
  Configuration judged{.loaded = std::move(loaded),
                       .addresses = {},
                       .tls_addresses = {},
                       .stream_addresses = {},
                       .apps = {},
                       .tls = {},
                       .identity = {}};
  const auto& settings = judged.loaded.settings;
  Refusal refusal;
  for (auto text : settings.bind) {
    const bool is_secure = take_https(text);
    auto address = net::Address::parse(text);
    if (address) {
      if (is_secure) judged.tls_addresses.push_back(address->text());
      judged.addresses.push_back(*std::move(address));
    } else {
      refusal.sentences.push_back(judged.loaded.where("bind") + ": " + address.error().text());
    }
  }
  if (const auto format = log::AccessLog::check_format(settings.access_logformat); !format)
    refusal.sentences.push_back(judged.loaded.where("access_logformat") + ": " + format.error().text());
  judge_silence(judged.loaded, refusal.sentences);
  judge_proxies(judged.loaded, refusal.sentences);
  judged.identity = find_identity(judged.loaded, refusal.sentences);
  judge_secured(judged, refusal.sentences);
  if (settings.daemon) judge_daemon(judged.loaded, refusal.sentences);

  std::vector<std::string> missing;
  for (const auto& app : judged.loaded.apps) {
    auto path = config::find_plugin(app.plugin, config::lookup_for(app, judged.loaded));
    auto streams = judge_streams(app, judged, refusal.sentences);
    if (path) {
      judged.apps.push_back({*std::move(path), app.mount, plugin_config(app), std::move(streams), app.origin});
    } else {
      missing.push_back(app.origin + ": " + path.error().text());
    }
  }
  if (refusal.sentences.empty() && !missing.empty()) refusal.code = ExitCode::plugin_not_loaded;
  refusal.sentences.insert(refusal.sentences.end(), missing.begin(), missing.end());
  if (!refusal.sentences.empty()) return fail(std::move(refusal));
  return judged;
}

Result<Configuration, Refusal> read_configuration(const config::Invocation& invocation) {
  auto loaded = config::load(invocation);
  if (!loaded) return fail(Refusal{.sentences = std::move(loaded).error()});
  return judge(*std::move(loaded));
}

}  // namespace indrik::app
