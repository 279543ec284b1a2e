#include "worker/proxies.h"

#include "worker/running_exchange.h"

namespace indrik::worker {
namespace {

/// What is left of a path below a prefix; the path itself where it is not below.
std::string_view path_below(std::string_view prefix, std::string_view path) noexcept {
  if (!path.starts_with(prefix)) return path;
  const auto rest = path.substr(prefix.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : path;
}

}  // namespace

http::ParseError Proxies::heed_fields(RunningExchange& exchange) const {
  if (!exchange.forwarded) exchange.forwarded = std::make_unique<Forwarded>();
  auto& [told, peer] = *exchange.forwarded;
  auto& request = exchange.request;
  const auto is_trusted = [this](const IpAddress& address) { return forwarders.contains(address); };
  const auto error = http::read_forwarding(request.fields, forwarded_fields, is_trusted, told);
  if (error != http::ParseError::none) return error;
  if (told.client) {
    peer = told.client->text();
    request.peer = peer;
  }
  if (!told.scheme.empty()) request.scheme = told.scheme;
  request.forwarded_host = told.host;
  request.prefix = told.prefix;
  if (told.prefix_in_path) request.path = path_below(told.prefix, request.path);
  return error;
}

}  // namespace indrik::worker
