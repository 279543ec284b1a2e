#include "net/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <ctime>
#include <deque>
#include <map>

#include "base/strings.h"
#include "net/cipher_names.h"
#include "net/ocsp_response.h"
#include "net/openssl.h"
#include "net/ticket_keys.h"
#include "net/tls_credentials.h"
#include "net/tls_stream.h"

namespace indrik::net {
namespace {

using Part = TlsFault::Part;

/// Sessions that a worker keeps for clients of TLS 1.2 that know no tickets.
constexpr long kKeptSessions = 1024;

Failure<TlsFault> refused(Part part, std::string text) { return fail(TlsFault{.part = part, .text = std::move(text)}); }
Failure<TlsFault> refused_by_openssl(Part part, const std::string& what) {
  return refused(part, what + ": " + openssl_reason());
}

/// The protocol that this server has and the client wants, most wanted first; none: RFC 7301 3.2 has an alert for that.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kSpoken[] = "\x08http/1.1\x08http/1.0";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kSpoken, sizeof kSpoken - 1, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

/// What the callbacks of OpenSSL point back to; it does not move. One SSL_CTX for each set of names: certificates for
/// the same hosts with keys of different kinds stand in one, and OpenSSL takes the one that the client understands.
class TlsContext::Server {
 public:
  Result<void, TlsFault> build(const TlsOptions& options);
  SSL_CTX* first() const noexcept { return sites_.front().context.get(); }

 private:
  struct Site {
    SslContextPtr context;
    std::vector<std::string> names;
    std::vector<TlsCredentials> credentials;
  };

  Result<void, TlsFault> add(TlsCredentials credentials, const TlsOptions& options);
  Result<Site*, TlsFault> site_for(const TlsCredentials& credentials, const TlsOptions& options);
  Result<void, TlsFault> configure(SSL_CTX* context, const TlsOptions& options);
  Result<void, TlsFault> demand_certificates(SSL_CTX* context, const TlsOptions& options) const;
  Result<void, TlsFault> take_responses(const TlsOptions& options);
  void resume_sessions(SSL_CTX* context, const TlsOptions& options);
  SSL_CTX* site_of(std::string host) const;

  static Server& of(SSL* session) noexcept {
    return *static_cast<Server*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  }
  static int on_server_name(SSL* session, int* alert, void* server) noexcept;
  static int on_status_request(SSL* session, void* server) noexcept;
  static int on_ticket(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                       int seals) noexcept;

  std::deque<Site> sites_;
  std::map<std::string, SSL_CTX*, std::less<>> by_name_;
  std::map<const X509*, OcspResponse> responses_;
  TicketKeys* ticket_keys_ = nullptr;
  seconds session_timeout_{0};
};

Result<void, TlsFault> TlsContext::Server::build(const TlsOptions& options) {
  ticket_keys_ = options.ticket_keys;
  session_timeout_ = options.session_timeout;
  if (options.certificates.empty()) return refused(Part::certificate, "there is no certificate");
  if (const auto word = unknown_cipher(options.ciphers); !word.empty())
    return refused(Part::ciphers, "no cipher of TLS 1.2 is named \"" + word + "\"");
  if (const auto word = unknown_ciphersuite(options.ciphersuites); !word.empty())
    return refused(Part::ciphersuites, "no cipher suite of TLS 1.3 is named \"" + word + "\"");
  for (const auto& files : options.certificates) {
    auto credentials = TlsCredentials::parse(files, options.refuses_expired);
    if (!credentials) return fail(std::move(credentials).error());
    if (auto added = add(*std::move(credentials), options); !added) return added;
  }
  return take_responses(options);
}

Result<void, TlsFault> TlsContext::Server::add(TlsCredentials credentials, const TlsOptions& options) {
  const auto site = site_for(credentials, options);
  if (!site) return fail(TlsFault{site.error()});
  STACK_OF(X509)* const chain = sk_X509_new_null();
  for (const auto& link : credentials.chain) sk_X509_push(chain, link.get());
  ERR_clear_error();
  const int used =
      SSL_CTX_use_cert_and_key((*site)->context.get(), credentials.certificate.get(), credentials.key.get(), chain, 0);
  sk_X509_free(chain);
  if (used != 1) return refused_by_openssl(Part::certificate, credentials.file);
  for (const auto& name : credentials.names)
    by_name_.emplace(name, (*site)->context.get());  // the first one's it stays
  (*site)->credentials.push_back(std::move(credentials));
  return {};
}

/// The one that is there already for these names, if its keys are of other kinds; or else a new one.
Result<TlsContext::Server::Site*, TlsFault> TlsContext::Server::site_for(const TlsCredentials& credentials,
                                                                         const TlsOptions& options) {
  const int kind = EVP_PKEY_get_base_id(credentials.key.get());
  for (auto& site : sites_) {
    if (credentials.names.empty() || site.names != credentials.names) continue;
    for (const auto& other : site.credentials)
      if (EVP_PKEY_get_base_id(other.key.get()) == kind)
        return refused(Part::certificate, fmt::format("{}: {} is for the same names, with the same kind of key",
                                                      credentials.file, other.file));
    return &site;
  }
  ERR_clear_error();
  Site site{.context = SslContextPtr{SSL_CTX_new(TLS_server_method())}, .names = credentials.names, .credentials = {}};
  if (!site.context) return refused_by_openssl(Part::itself, "no TLS");
  if (auto configured = configure(site.context.get(), options); !configured) return fail(TlsFault{configured.error()});
  sites_.push_back(std::move(site));
  return &sites_.back();
}

Result<void, TlsFault> TlsContext::Server::configure(SSL_CTX* context, const TlsOptions& options) {
  ERR_clear_error();
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_min_proto_version(context, options.least_version == TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ENABLE_KTLS);
  // The clients' authorities are not there to complete our own chain.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_dh_auto(context, 1);
  if (SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) != 1)
    return refused_by_openssl(Part::ciphers, "\"" + options.ciphers + "\"");
  if (!options.ciphersuites.empty() && SSL_CTX_set_ciphersuites(context, options.ciphersuites.c_str()) != 1)
    return refused_by_openssl(Part::ciphersuites, "\"" + options.ciphersuites + "\"");
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  // What OpenSSL's macros of these names do, but for their casts.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(on_server_name));
  SSL_CTX_set_tlsext_servername_arg(context, this);
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, reinterpret_cast<void (*)()>(on_status_request));
  SSL_CTX_set_tlsext_status_arg(context, this);
  resume_sessions(context, options);
  return demand_certificates(context, options);
}

/// A session is good where clients are asked for the same: one that began when others were trusted is not taken up.
void TlsContext::Server::resume_sessions(SSL_CTX* context, const TlsOptions& options) {
  const auto demand = static_cast<char>('0' + static_cast<int>(options.client_certificates));
  const std::string asked = demand + options.client_authorities.bytes;
  unsigned char id[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(asked.data(), asked.size(), id, &size, EVP_sha256(), nullptr) == 1)
    SSL_CTX_set_session_id_context(context, id, std::min(size, 32U));
  if (session_timeout_ <= seconds::zero()) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context, kKeptSessions);
  SSL_CTX_set_timeout(context, static_cast<long>(session_timeout_.count()));
  if (ticket_keys_ != nullptr) SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

Result<void, TlsFault> TlsContext::Server::demand_certificates(SSL_CTX* context, const TlsOptions& options) const {
  if (options.client_certificates == ClientCertificates::none) return {};
  const auto& file = options.client_authorities;
  const auto authorities = parse_certificates(file);
  if (!authorities) return refused(Part::client_authorities, authorities.error().text());
  ERR_clear_error();
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const auto& authority : *authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 || SSL_CTX_add_client_CA(context, authority.get()) != 1)
      return refused_by_openssl(Part::client_authorities, file.name);
  }
  const bool is_required = options.client_certificates == ClientCertificates::required;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  return {};
}

Result<void, TlsFault> TlsContext::Server::take_responses(const TlsOptions& options) {
  for (const auto& file : options.ocsp_responses) {
    auto response = OcspResponse::parse(file);
    if (!response) return refused(Part::ocsp_response, response.error().text());
    const X509* subject = nullptr;
    for (const auto& site : sites_)
      for (const auto& own : site.credentials)
        if (response->is_about(own.certificate.get())) subject = own.certificate.get();
    if (subject == nullptr)
      return refused(Part::ocsp_response, file.name + ": the OCSP response is about none of the certificates");
    if (options.refuses_expired && !response->holds_at(std::time(nullptr)))
      return refused(Part::ocsp_response, file.name + ": the OCSP response has expired");
    responses_.insert_or_assign(subject, *std::move(response));
  }
  return {};
}

/// Null: nobody knows the host. A wildcard stands for one label, the leftmost (RFC 6125 6.4.3).
SSL_CTX* TlsContext::Server::site_of(std::string host) const {
  std::ranges::transform(host, host.begin(), to_lower);
  if (host.ends_with('.')) host.pop_back();
  if (const auto found = by_name_.find(host); found != by_name_.end()) return found->second;
  const auto dot = host.find('.');
  if (dot == std::string::npos || dot == 0) return nullptr;
  const auto found = by_name_.find("*" + host.substr(dot));
  return found == by_name_.end() ? nullptr : found->second;
}

int TlsContext::Server::on_server_name(SSL* session, int*, void* server) noexcept {
  const char* const host = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (host == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* const site = static_cast<Server*>(server)->site_of(host);
  if (site != nullptr && site != SSL_get_SSL_CTX(session)) SSL_set_SSL_CTX(session, site);
  return SSL_TLSEXT_ERR_OK;
}

int TlsContext::Server::on_status_request(SSL* session, void* server) noexcept {
  const auto& responses = static_cast<Server*>(server)->responses_;
  const auto found = responses.find(SSL_get_certificate(session));
  if (found == responses.end() || !found->second.holds_at(std::time(nullptr))) return SSL_TLSEXT_ERR_NOACK;
  const auto& bytes = found->second.bytes();
  auto* const copy = static_cast<unsigned char*>(OPENSSL_memdup(bytes.data(), bytes.size()));  // the session frees it
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(session, copy, static_cast<long>(bytes.size()));
  return SSL_TLSEXT_ERR_OK;
}

/// Returns, as SSL_CTX_set_tlsext_ticket_key_evp_cb(3) says: 1: done; 2: done, but give the client a new ticket; 0:
/// this ticket is none of ours; -1: an error.
int TlsContext::Server::on_ticket(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                  EVP_MAC_CTX* mac, int seals) noexcept {
  const auto& server = of(session);
  TicketKeys::Key key;
  bool is_old = false;
  const auto* const algorithm = EVP_aes_256_cbc();
  if (seals != 0) {
    key = server.ticket_keys_->current(Clock::now(), server.session_timeout_);
    std::ranges::copy(key.name, name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(algorithm)) != 1 ||
        EVP_EncryptInit_ex(cipher, algorithm, nullptr, key.cipher.data(), iv) != 1)
      return -1;
  } else if (!server.ticket_keys_->find(name, key, is_old)) {
    return 0;
  } else if (EVP_DecryptInit_ex(cipher, algorithm, nullptr, key.cipher.data(), iv) != 1) {
    return -1;
  }
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
  return is_old ? 2 : 1;
}

TlsContext::TlsContext(std::unique_ptr<Server> server) noexcept : server_{std::move(server)} {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

Result<TlsContext, TlsFault> TlsContext::create(const TlsOptions& options) {
  auto server = std::make_unique<Server>();
  if (auto built = server->build(options); !built) return fail(std::move(built).error());
  return TlsContext{std::move(server)};
}

std::unique_ptr<TlsStream> TlsContext::accept(int socket) const {
  ERR_clear_error();
  SSL* const session = SSL_new(server_->first());
  if (session == nullptr) return nullptr;
  auto stream = std::make_unique<TlsStream>(session);
  if (SSL_set_fd(session, socket) != 1) return nullptr;
  SSL_set_accept_state(session);
  return stream;
}

}  // namespace indrik::net
