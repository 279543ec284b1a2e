#include "content_codings.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

namespace static_files {
namespace {

constexpr std::array<Coding, 2> kCodings{{{"br", ".br"}, {"gzip", ".gz"}}};

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool equals(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// A qvalue in thousandths (RFC 9110 12.4.2): "0.8" is 800. What is none weighs nothing.
int weight_of(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return 0;
  int weight = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  for (std::size_t at = 2, unit = 100; at < text.size(); ++at, unit /= 10) {
    if (text[at] < '0' || text[at] > '9') return 0;
    weight += (text[at] - '0') * static_cast<int>(unit);
  }
  return weight <= 1000 ? weight : 0;
}

/// One element of the list: "gzip;q=0.5".
struct Element {
  explicit Element(std::string_view text) noexcept : name{trim(text.substr(0, text.find(';')))} {
    const auto semicolon = text.find(';');
    if (semicolon == text.npos) return;
    const auto parameter = trim(text.substr(semicolon + 1));
    weight = parameter.size() > 2 && equals(parameter.substr(0, 2), "q=") ? weight_of(parameter.substr(2)) : 0;
  }
  bool names(std::string_view coding) const noexcept {
    return equals(name, coding) || (coding == "gzip" && equals(name, "x-gzip"));
  }

  std::string_view name;
  int weight = 1000;
};

/// The weight that the list gives to a coding, by its name or by "*"; none: it says nothing of it.
std::optional<int> find_weight(std::string_view list, std::string_view coding) noexcept {
  std::optional<int> weight;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const Element element{list.substr(0, comma)};
    if (element.names(coding)) return element.weight;
    if (element.name == "*") weight = element.weight;
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
  return weight;
}

}  // namespace

std::vector<Coding> acceptable_codings(std::string_view accept) {
  // Unsaid, the file as it is will do, but everything that is named is liked better.
  const int least = std::max(1, find_weight(accept, "identity").value_or(1));
  const auto weight = [accept](const Coding& coding) { return find_weight(accept, coding.name).value_or(0); };
  std::vector<Coding> taken;
  std::copy_if(kCodings.begin(), kCodings.end(), std::back_inserter(taken),
               [&](const auto& coding) { return weight(coding) >= least; });
  std::stable_sort(taken.begin(), taken.end(), [&](const auto& a, const auto& b) { return weight(a) > weight(b); });
  return taken;
}

}  // namespace static_files
