#include "net/ocsp_response.h"

#include <openssl/x509.h>

#include <algorithm>

namespace indrik::net {
namespace {

std::time_t time_of(const ASN1_GENERALIZEDTIME* time) noexcept {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

/// When the first of what it says ends; 0: at no stated time.
std::time_t end_of(OCSP_BASICRESP* basic) noexcept {
  std::time_t until = 0;
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    ASN1_GENERALIZEDTIME* next = nullptr;
    OCSP_single_get0_status(OCSP_resp_get0(basic, i), nullptr, nullptr, nullptr, &next);
    const auto end = next == nullptr ? 0 : time_of(next);
    if (end != 0) until = until == 0 ? end : std::min(until, end);
  }
  return until;
}

/// Serial number and the issuer's name tell a certificate; the issuer's key would tell no more, and may not be at hand.
bool is_id_of(const OCSP_CERTID* id, X509* certificate) {
  ASN1_OCTET_STRING* name_hash = nullptr;
  ASN1_OBJECT* algorithm = nullptr;
  ASN1_INTEGER* serial = nullptr;
  OCSP_id_get0_info(&name_hash, &algorithm, nullptr, &serial, const_cast<OCSP_CERTID*>(id));
  if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) != 0) return false;
  const EVP_MD* const digest = EVP_get_digestbyobj(algorithm);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (digest == nullptr || X509_NAME_digest(X509_get_issuer_name(certificate), digest, hash, &size) != 1) return false;
  return size == static_cast<unsigned int>(ASN1_STRING_length(name_hash)) &&
         std::equal(hash, hash + size, ASN1_STRING_get0_data(name_hash));
}

}  // namespace

Result<OcspResponse> OcspResponse::parse(const TlsFile& file) {
  ERR_clear_error();
  const auto* begin = reinterpret_cast<const unsigned char*>(file.bytes.data());
  const OcspResponsePtr response{d2i_OCSP_RESPONSE(nullptr, &begin, static_cast<long>(file.bytes.size()))};
  if (!response) return fail(Error::format("{}: no OCSP response can be read: {}", file.name, openssl_reason()));
  if (const int status = OCSP_response_status(response.get()); status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return fail(Error::format("{}: the OCSP response says \"{}\"", file.name, OCSP_response_status_str(status)));
  OcspResponse parsed;
  parsed.file_ = file.name;
  parsed.bytes_ = file.bytes;
  parsed.parsed_.reset(OCSP_response_get1_basic(response.get()));
  if (!parsed.parsed_) return fail(Error::format("{}: the OCSP response has no answer in it", file.name));
  parsed.until_ = end_of(parsed.parsed_.get());
  return parsed;
}

bool OcspResponse::is_about(X509* certificate) const {
  for (int i = 0; i < OCSP_resp_count(parsed_.get()); ++i)
    if (is_id_of(OCSP_SINGLERESP_get0_id(OCSP_resp_get0(parsed_.get(), i)), certificate)) return true;
  return false;
}

}  // namespace indrik::net
