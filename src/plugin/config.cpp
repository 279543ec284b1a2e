#include "plugin/config.h"

#include <algorithm>

namespace indrik::plugin {
namespace {

constexpr std::size_t kShortest = 4;

/// How much of the secret's beginning the text ends with.
std::size_t begun_at_end_of(std::string_view text, std::string_view secret) noexcept {
  for (auto size = std::min(text.size(), secret.size()); size > 0; --size)
    if (text.ends_with(secret.substr(0, size))) return size;
  return 0;
}

}  // namespace

void Config::hide(std::string secret, std::string shown) {
  if (secret.size() < kShortest || secret == shown) return;
  // The longest first: one may be a part of another.
  const auto place =
      std::ranges::find_if(hidden_, [&](const auto& other) { return other.first.size() < secret.size(); });
  hidden_.emplace(place, std::move(secret), std::move(shown));
}

std::string Config::without_secrets(std::string text) const {
  for (const auto& [secret, shown] : hidden_)
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + shown.size()))
      text.replace(at, secret.size(), shown);
  for (const auto& [secret, shown] : hidden_) {
    const auto begun = begun_at_end_of(text, secret);
    // A secret with a NUL in it ends there for whoever copies it as a text.
    if (begun == 0 || begun < std::min(kShortest, std::string_view{secret}.find('\0'))) continue;
    text.replace(text.size() - begun, begun, shown);
    break;
  }
  return text;
}

}  // namespace indrik::plugin
