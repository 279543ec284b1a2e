#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

// What the files of this layer that talk to OpenSSL share; for nobody else. Its errors are a queue of each thread:
// whoever asks for a reason afterwards has to empty it before.
namespace indrik::net {

template <auto release>
struct OpensslDeleter {
  template <class T>
  void operator()(T* owned) const noexcept {
    release(owned);
  }
};
template <class T, auto release>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<release>>;

using SslContextPtr = OpensslPtr<SSL_CTX, SSL_CTX_free>;
using CertificatePtr = OpensslPtr<X509, X509_free>;
using PrivateKeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using BioPtr = OpensslPtr<BIO, BIO_free>;
using OcspResponsePtr = OpensslPtr<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using OcspBasicPtr = OpensslPtr<OCSP_BASICRESP, OCSP_BASICRESP_free>;

/// The first thing that went wrong since the queue was empty, in OpenSSL's words; empties it.
inline std::string openssl_reason() {
  const auto first = ERR_get_error();
  ERR_clear_error();
  if (first == 0) return "unknown reason";
  const char* const text = ERR_reason_error_string(first);
  return text != nullptr ? text : "error " + std::to_string(first);
}

/// Reads `bytes`, which stay the caller's; null: out of memory.
inline BioPtr reader_of(std::string_view bytes) noexcept {
  return BioPtr{BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
}

/// What an object writes, as text; empty where it writes nothing.
template <class Write>
std::string written_by(Write&& write) {
  const BioPtr out{BIO_new(BIO_s_mem())};
  if (!out || !write(out.get())) return {};
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
}

}  // namespace indrik::net
