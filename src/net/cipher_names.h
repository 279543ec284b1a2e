#pragma once

#include <string>

#include "net/openssl.h"

namespace indrik::net {

/// The first word of a list for SSL_CTX_set_cipher_list(3) that names no cipher of TLS 1.2; empty: all do. OpenSSL
/// itself only objects to a list that comes to nothing. Words that take ciphers away ("!aNULL") are not looked at:
/// there may be none left to be taken.
std::string unknown_cipher(const std::string& list);

/// The same for SSL_CTX_set_ciphersuites(3), the suites of TLS 1.3.
std::string unknown_ciphersuite(const std::string& list);

}  // namespace indrik::net
