#include "net/tls_credentials.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/strings.h"

namespace indrik::net {
namespace {

using Part = TlsFault::Part;

Failure<TlsFault> refused(Part part, std::string text) { return fail(TlsFault{.part = part, .text = std::move(text)}); }

/// Nobody is there to be asked: OpenSSL's own way would be to read from the terminal.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

std::string_view view_of(const ASN1_STRING* text) noexcept {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// RFC 6125 6.4.4: the common name counts where there is no name of the right kind.
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free> others{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; others && i < sk_GENERAL_NAME_num(others.get()); ++i) {
    const auto* const name = sk_GENERAL_NAME_value(others.get(), i);
    if (name->type == GEN_DNS) names.push_back(lower(view_of(name->d.dNSName)));
  }
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (names.empty() && !others && at >= 0)
    names.push_back(lower(view_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))));
  std::ranges::sort(names);
  return names;
}

std::string date_of(const ASN1_TIME* time) {
  return written_by([&](BIO* out) { return ASN1_TIME_print(out, time) == 1; });
}

Result<PrivateKeyPtr, TlsFault> parse_key(const TlsFile& file) {
  ERR_clear_error();
  bool is_encrypted = false;
  PrivateKeyPtr key{PEM_read_bio_PrivateKey(reader_of(file.bytes).get(), nullptr, no_passphrase, &is_encrypted)};
  if (key) return key;
  if (is_encrypted) return refused(Part::key, file.name + ": the private key is encrypted; decrypt it (openssl pkey)");
  const auto reason = openssl_reason();
  return refused(Part::key, file.name + ": no private key can be read: " + reason);
}

}  // namespace

Result<std::vector<CertificatePtr>> parse_certificates(const TlsFile& file) {
  ERR_clear_error();
  std::vector<CertificatePtr> all;
  const auto reader = reader_of(file.bytes);
  while (CertificatePtr one{PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)}) all.push_back(std::move(one));
  // The end of the file is an error like others: there is no further beginning of anything.
  const auto end = ERR_peek_last_error();
  const bool is_end = ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE;
  const auto reason = openssl_reason();
  if (!is_end) return fail(Error::format("{}: certificate {} cannot be read: {}", file.name, all.size() + 1, reason));
  if (all.empty()) return fail(Error::format("{}: no certificate in it", file.name));
  return all;
}

Result<TlsCredentials, TlsFault> TlsCredentials::parse(const TlsCertificate& files, bool refuses_expired) {
  auto certificates = parse_certificates(files.chain);
  if (!certificates) return refused(Part::certificate, certificates.error().text());
  TlsCredentials parsed;
  parsed.file = files.chain.name;
  parsed.certificate = std::move(certificates->front());
  parsed.chain.assign(std::make_move_iterator(certificates->begin() + 1), std::make_move_iterator(certificates->end()));
  X509* const own = parsed.certificate.get();
  if (refuses_expired && X509_cmp_current_time(X509_get0_notAfter(own)) <= 0)
    return refused(Part::certificate,
                   fmt::format("{}: the certificate has expired ({})", parsed.file, date_of(X509_get0_notAfter(own))));
  auto key = parse_key(files.key.bytes.empty() ? files.chain : files.key);
  if (!key) return fail(std::move(key).error());
  parsed.key = *std::move(key);
  if (X509_check_private_key(own, parsed.key.get()) != 1)
    return refused(Part::key, fmt::format("{}: the private key does not belong to the certificate in {}",
                                          files.key.bytes.empty() ? files.chain.name : files.key.name, parsed.file));
  parsed.names = names_of(own);
  return parsed;
}

}  // namespace indrik::net
