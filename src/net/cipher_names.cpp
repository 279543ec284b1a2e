#include "net/cipher_names.h"

#include <algorithm>

#include "base/strings.h"

namespace indrik::net {
namespace {

SslContextPtr scratch_context() { return SslContextPtr{SSL_CTX_new(TLS_server_method())}; }

bool has_suite(const SSL_CTX* context, std::string_view name) {
  const auto* const ciphers = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i)
    if (name == SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i))) return true;
  return false;
}

/// Those that lists are made of: a colon, a comma or a space is as good as another.
std::vector<std::string_view> words_of(std::string& list) {
  std::ranges::replace_if(
      list, [](char c) { return c == ' ' || c == ','; }, ':');
  auto words = split(list, ':');
  std::erase(words, std::string_view{});
  return words;
}

}  // namespace

std::string unknown_cipher(const std::string& list) {
  auto copy = list;
  const auto context = scratch_context();
  for (const auto word : words_of(copy)) {
    if (word.starts_with('!') || word.starts_with('-') || word.starts_with('+') || word.starts_with('@')) continue;
    ERR_clear_error();
    if (SSL_CTX_set_cipher_list(context.get(), std::string{word}.c_str()) != 1) return std::string{word};
  }
  return {};
}

std::string unknown_ciphersuite(const std::string& list) {
  auto copy = list;
  for (const auto word : words_of(copy)) {
    std::string name{word};
    const auto context = scratch_context();
    ERR_clear_error();
    if (SSL_CTX_set_ciphersuites(context.get(), name.c_str()) != 1 || !has_suite(context.get(), name)) return name;
  }
  return {};
}

}  // namespace indrik::net
