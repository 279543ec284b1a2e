#include "app/tls.h"

#include <algorithm>

namespace indrik::app {
namespace {

using Part = net::TlsFault::Part;

std::string_view key_of(Part part) noexcept {
  switch (part) {
    case Part::certificate:
    case Part::itself:
      break;
    case Part::key:
      return "keyfile";
    case Part::client_authorities:
      return "ca_certs";
    case Part::ciphers:
      return "ciphers";
    case Part::ciphersuites:
      return "ciphersuites";
    case Part::ocsp_response:
      return "ocsp_file";
  }
  return "certfile";
}

net::ClientCertificates demand_of(config::CertReqs demand) noexcept {
  switch (demand) {
    case config::CertReqs::none:
      break;
    case config::CertReqs::optional:
      return net::ClientCertificates::optional;
    case config::CertReqs::required:
      return net::ClientCertificates::required;
  }
  return net::ClientCertificates::none;
}

/// Reads files for one setting after another.
class Reader {
 public:
  Reader(const config::Loaded& loaded, std::vector<std::string>& mistakes) : loaded_{loaded}, mistakes_{mistakes} {}

  void complain(std::string_view key, std::string_view why) {
    mistakes_.push_back(fmt::format("{}: {}", loaded_.where(key), why));
  }
  net::TlsFile read(std::string_view key, const std::filesystem::path& path) {
    auto file = net::TlsFile::read(path);
    if (file) return *std::move(file);
    complain(key, file.error().text());
    return {};
  }

 private:
  const config::Loaded& loaded_;
  std::vector<std::string>& mistakes_;
};

}  // namespace

bool take_https(std::string& address) noexcept {
  constexpr std::string_view kHttps = "https://";
  if (!address.starts_with(kHttps)) return false;
  address.erase(0, kHttps.size());
  return true;
}

std::optional<net::TlsOptions> read_tls(const config::Loaded& loaded, bool has_https,
                                        std::vector<std::string>& mistakes) {
  const auto& settings = loaded.settings;
  Reader reader{loaded, mistakes};
  if (settings.certfile.empty() && has_https) reader.complain("bind", "https:// needs a certfile");
  if (!settings.certfile.empty() && !has_https)
    reader.complain("certfile", "no address of bind speaks TLS: begin one with https://");
  if (settings.certfile.empty() || !has_https) return std::nullopt;
  if (!settings.keyfile.empty() && settings.keyfile.size() != settings.certfile.size())
    reader.complain("keyfile", fmt::format("{} keys for {} certificates: name one for each, in their order, or none "
                                           "where they stand in the same files",
                                           settings.keyfile.size(), settings.certfile.size()));
  const auto demand = demand_of(settings.cert_reqs);
  if (demand != net::ClientCertificates::none && settings.ca_certs.empty())
    reader.complain("cert_reqs", "certificates of clients need ca_certs, which says who may sign them");

  net::TlsOptions options;
  for (std::size_t i = 0; i < settings.certfile.size(); ++i) {
    net::TlsCertificate certificate{.chain = reader.read("certfile", settings.certfile[i]), .key = {}};
    if (i < settings.keyfile.size()) certificate.key = reader.read("keyfile", settings.keyfile[i]);
    options.certificates.push_back(std::move(certificate));
  }
  for (const auto& path : settings.ocsp_file) options.ocsp_responses.push_back(reader.read("ocsp_file", path));
  if (!settings.ca_certs.empty()) options.client_authorities = reader.read("ca_certs", settings.ca_certs);
  options.client_certificates = demand;
  options.least_version =
      settings.tls_min_version == config::TlsMinVersion::v1_3 ? net::TlsVersion::v1_3 : net::TlsVersion::v1_2;
  options.ciphers = settings.ciphers;
  options.ciphersuites = settings.ciphersuites;
  options.session_timeout = std::chrono::duration_cast<seconds>(settings.tls_session_timeout);
  return options;
}

std::optional<net::TlsContext> make_tls(const Configuration& configuration, net::TicketKeys* keys, bool is_proof) {
  if (!configuration.tls) return std::nullopt;
  auto options = *configuration.tls;
  options.ticket_keys = keys;
  options.refuses_expired = is_proof;
  auto made = net::TlsContext::create(options);
  if (!made)
    throw BootError{ExitCode::wrong_configuration,
                    fmt::format("{}: {}", configuration.loaded.where(key_of(made.error().part)), made.error().text)};
  return *std::move(made);
}

bool speaks_tls(const Configuration& configuration, const net::Listener& listener) {
  const auto& secure = configuration.tls_addresses;
  return std::ranges::find(secure, listener.asked().text()) != secure.end() ||
         std::ranges::find(secure, listener.address().text()) != secure.end();
}

std::vector<std::string> exposed_keys(const Configuration& configuration) {
  std::vector<std::string> sentences;
  if (!configuration.tls) return sentences;
  for (const auto& [chain, key] : configuration.tls->certificates) {
    const auto& file = key.bytes.empty() ? chain : key;
    if (file.is_open_to_others)
      sentences.push_back(fmt::format("{}: the private key can be read by others, or changed by its group", file.name));
  }
  return sentences;
}

}  // namespace indrik::app
