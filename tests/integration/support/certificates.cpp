#include "integration/support/certificates.h"

#include <openssl/ec.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <memory>
#include <stdexcept>

namespace indrik::test {
namespace {

template <class T>
T* good(T* made, const char* what) {
  if (made == nullptr) throw std::runtime_error{std::string{"OpenSSL: "} + what};
  return made;
}

void check(int result, const char* what) {
  if (result <= 0) throw std::runtime_error{std::string{"OpenSSL: "} + what};
}

template <class Write>
std::string written(Write write) {
  BIO* const out = BIO_new(BIO_s_mem());
  write(out);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return text;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = good(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

MadeCertificate::MadeCertificate(const CertificateRequest& request, const MadeCertificate* issuer)
    : certificate_{good(X509_new(), "X509_new")},
      key_{good(request.has_rsa_key ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), "a key")} {
  static std::atomic<long> serial{0x1000};
  X509_set_version(certificate_, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate_), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate_), request.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(certificate_), request.valid_until);
  X509_NAME* const name = X509_get_subject_name(certificate_);
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("Tests"), -1, -1, 0);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(request.name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(certificate_, issuer ? X509_get_subject_name(issuer->certificate_) : name);
  X509_set_pubkey(certificate_, key_);
  std::string hosts;
  for (const auto& host : request.hosts) hosts += (hosts.empty() ? "DNS:" : ",DNS:") + host;
  if (!hosts.empty()) add_extension(certificate_, NID_subject_alt_name, hosts);
  add_extension(certificate_, NID_basic_constraints, request.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  check(X509_sign(certificate_, issuer ? issuer->key_ : key_, EVP_sha256()), "X509_sign");
}

MadeCertificate::~MadeCertificate() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::string MadeCertificate::pem() const {
  return written([this](BIO* out) { check(PEM_write_bio_X509(out, certificate_), "PEM"); });
}

std::string MadeCertificate::key_pem() const {
  return written(
      [this](BIO* out) { check(PEM_write_bio_PrivateKey(out, key_, nullptr, nullptr, 0, nullptr, nullptr), "PEM"); });
}

std::string MadeCertificate::fingerprint() const {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  check(X509_digest(certificate_, EVP_sha256(), hash, &size), "X509_digest");
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(hash[i]));
    text += digits;
  }
  return text;
}

std::string MadeCertificate::ocsp_response(const MadeCertificate& issuer, long valid_until) const {
  OCSP_BASICRESP* const basic = good(OCSP_BASICRESP_new(), "OCSP");
  OCSP_CERTID* const id = OCSP_cert_to_id(EVP_sha1(), certificate_, issuer.certificate_);
  ASN1_TIME* const from = X509_gmtime_adj(nullptr, -60);
  ASN1_TIME* const until = X509_gmtime_adj(nullptr, valid_until);
  good(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, from, until), "OCSP");
  check(OCSP_basic_sign(basic, issuer.certificate_, issuer.key_, EVP_sha256(), nullptr, 0), "OCSP");
  OCSP_RESPONSE* const response = good(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic), "OCSP");
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &der);
  check(size, "OCSP");
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  OCSP_RESPONSE_free(response);
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(basic);
  return bytes;
}

}  // namespace indrik::test
