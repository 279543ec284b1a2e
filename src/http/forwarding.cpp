#include "http/forwarding.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "http/authority.h"
#include "http/characters.h"

namespace indrik::http {
namespace {

using Texts = std::vector<std::string_view>;

void append_list(std::string_view value, Texts& texts) {
  for (const auto part : split(value, ','))
    if (const auto text = trim(part); !text.empty()) texts.push_back(text);
}

/// Where the walk from the nearest hop ended.
struct Found {
  std::optional<IpEndpoint> client;
  std::size_t hop = 0;  ///< in the order of the list
};

class Reader {
 public:
  Reader(std::span<const Field> fields, const std::function<bool(const IpAddress&)>& is_trusted,
         Forwarding& forwarding) noexcept
      : fields_{fields}, is_trusted_{is_trusted}, out_{forwarding} {}

  bool read(ForwardedFields believed) {
    for (const auto& field : fields_) {
      const auto known = forwarded_field(field.name);
      if (known && believed.contains(*known) && !take(*known, field.value)) return false;
    }
    return read_x_forwarded() && read_elements() && read_prefix() && read_port();
  }

 private:
  bool take(ForwardedField field, std::string_view value) {
    if (field == ForwardedField::forwarded) return parse_forwarded(value, elements_);
    append_list(value, lists_[static_cast<std::size_t>(field)]);
    return true;
  }

  const Texts& list(ForwardedField field) const noexcept { return lists_[static_cast<std::size_t>(field)]; }

  Found find_client(const Texts& nodes) const {
    Found found{.client = std::nullopt, .hop = nodes.empty() ? 0 : nodes.size() - 1};
    for (auto at = nodes.size(); at-- > 0;) {
      const auto endpoint = IpEndpoint::parse(nodes[at]);
      if (!endpoint) break;
      found = {.client = endpoint, .hop = at};
      if (!is_trusted_(endpoint->address)) break;
    }
    return found;
  }

  bool read_x_forwarded() {
    const auto& nodes = list(ForwardedField::x_forwarded_for);
    const auto found = find_client(nodes);
    out_.client = found.client;
    hop_ = found.hop;
    hops_ = nodes.size();
    return take_scheme(told(ForwardedField::x_forwarded_proto)) && take_host(told(ForwardedField::x_forwarded_host));
  }

  /// What counts of a list; empty: nothing was told.
  std::string_view told(ForwardedField field) const noexcept {
    const auto& texts = list(field);
    if (texts.empty()) return {};
    return texts.size() == hops_ ? texts[hop_] : texts.back();
  }

  bool read_elements() {
    if (elements_.empty()) return true;
    Texts nodes;
    for (const auto& element : elements_) nodes.push_back(element.node);
    const auto found = find_client(nodes);
    if (found.client && out_.client && found.client->address != out_.client->address) return false;
    if (found.client) out_.client = found.client;
    return take_scheme(told(found.hop, &ForwardedElement::proto)) &&
           take_host(told(found.hop, &ForwardedElement::host));
  }

  /// Nothing left of the hop counts, even where the nearer ones are silent: it may be anybody's.
  std::string_view told(std::size_t hop, std::string ForwardedElement::*member) const noexcept {
    if (const std::string_view own = elements_[hop].*member; !own.empty()) return own;
    for (auto at = elements_.size(); --at > hop;)
      if (const std::string_view text = elements_[at].*member; !text.empty()) return text;
    return {};
  }

  bool take_scheme(std::string_view text) noexcept {
    if (text.empty()) return true;
    const bool secure = equals_ignoring_case(text, "https");
    if (!secure && !equals_ignoring_case(text, "http")) return false;
    const std::string_view scheme = secure ? "https" : "http";
    if (!out_.scheme.empty() && out_.scheme != scheme) return false;
    out_.scheme = scheme;
    return true;
  }

  bool take_host(std::string_view text) {
    if (text.empty()) return true;
    if (!is_host_and_port(text)) return false;
    if (!out_.host.empty() && !equals_ignoring_case(out_.host, text)) return false;
    out_.host = text;
    return true;
  }

  bool read_prefix() {
    for (const auto field : {ForwardedField::x_forwarded_prefix, ForwardedField::script_name}) {
      const auto text = told(field);
      if (text.empty()) continue;
      const auto prefix = checked_prefix(text);
      if (!prefix || (!out_.prefix.empty() && out_.prefix != *prefix)) return false;
      out_.prefix = *prefix;
      out_.prefix_in_path = field == ForwardedField::script_name;
    }
    return true;
  }

  /// The host with that port is the one that was told, or else the one that was sent.
  bool read_port() {
    const auto text = told(ForwardedField::x_forwarded_port);
    if (text.empty()) return true;
    const auto port = parse_number<std::uint16_t>(text);
    if (!port || *port == 0) return false;
    if (out_.host.empty()) out_.host = sent_host();
    if (out_.host.empty()) return true;
    const auto colon = out_.host.rfind(':');
    const bool has_port = colon != std::string::npos && out_.host.find(']', colon) == std::string::npos;
    if (has_port) out_.host.resize(colon);
    const std::uint16_t usual = out_.scheme == "https" ? 443 : 80;
    if (*port != usual) out_.host += fmt::format(":{}", *port);
    return true;
  }

  std::string_view sent_host() const noexcept {
    for (const auto& field : fields_)
      if (equals_ignoring_case(field.name, "Host")) return field.value;
    return {};
  }

  std::span<const Field> fields_;
  const std::function<bool(const IpAddress&)>& is_trusted_;
  Forwarding& out_;
  std::array<Texts, 7> lists_;  ///< one a field, in the enum's order
  std::vector<ForwardedElement> elements_;
  std::size_t hop_ = 0;   ///< of X-Forwarded-For
  std::size_t hops_ = 0;  ///< as many as it names
};

/// "." or "..", which a browser also sees in "%2e".
bool is_dots(std::string_view segment) noexcept {
  std::size_t dots = 0;
  while (!segment.empty()) {
    const bool escaped_dot = equals_ignoring_case(segment.substr(0, 3), "%2e");
    if (!escaped_dot && segment.front() != '.') return false;
    segment.remove_prefix(escaped_dot ? 3 : 1);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

}  // namespace

ParseError read_forwarding(std::span<const Field> fields, ForwardedFields believed,
                           const std::function<bool(const IpAddress&)>& is_trusted, Forwarding& forwarding) {
  forwarding = {};
  return Reader{fields, is_trusted, forwarding}.read(believed) ? ParseError::none : ParseError::bad_forwarding;
}

std::optional<std::string_view> checked_prefix(std::string_view text) noexcept {
  if (!text.starts_with('/') || !kTargetCharacters.contains_all(text)) return std::nullopt;
  if (text.find_first_of("?,;\\") != std::string_view::npos) return std::nullopt;
  while (text.ends_with('/')) text.remove_suffix(1);
  for (auto rest = text; !rest.empty();) {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    if (segment.empty() || is_dots(segment)) return std::nullopt;
    rest.remove_prefix(segment.size());
  }
  return text;
}

}  // namespace indrik::http
