#include "http/head_rules.h"

#include <algorithm>

#include "base/strings.h"
#include "http/authority.h"
#include "http/characters.h"
#include "http/forwarded.h"

namespace indrik::http {

namespace {

/// Calls use(element) for every element of a comma-separated list, empty ones included (RFC 9110 5.6.1).
template <class Use>
void for_each_element(std::string_view list, Use use) {
  while (true) {
    const auto comma = list.find(',');
    use(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

/// Gathers what matters while the fields are walked once.
class HeadJudge {
 public:
  HeadJudge(const Request& request, const Limits& limits) noexcept : request_{request}, limits_{limits} {}

  HeadVerdict judge() noexcept {
    for (const auto& field : request_.fields) look_at(field);
    conclude();
    return verdict_;
  }

 private:
  // The length decides for nearly every field that its name need not be compared.
  void look_at(const Field& field) noexcept {
    if (may_tell_of_client(field.name)) note(field.name);
    const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
    switch (field.name.size()) {
      case 4:
        if (is("Host")) on_host(field.value);
        break;
      case 6:
        if (is("Expect")) on_expect(field.value);
        break;
      case 10:
        if (is("Connection")) on_connection(field.value);
        break;
      case 14:
        if (is("Content-Length")) on_content_length(field.value);
        break;
      case 17:
        if (is("Transfer-Encoding")) on_transfer_encoding(field.value);
        break;
      default:
        break;
    }
  }

  /// By length and first letter: what follows is looked at for very few.
  static bool may_tell_of_client(std::string_view name) noexcept {
    constexpr unsigned kSizes = 1U << 9 | 1U << 11 | 1U << 15 | 1U << 16 | 1U << 17 | 1U << 18;
    if (name.size() > 18 || (kSizes >> name.size() & 1U) == 0) return false;
    const char first = to_lower(name.front());
    return first == 'x' || first == 'f' || first == 's';
  }
  void note(std::string_view name) noexcept {
    if (forwarded_field(name)) verdict_.tells_of_client = true;
  }

  void on_host(std::string_view value) noexcept {
    if (has_host_) refuse(ParseError::repeated_host);
    if (!is_host_and_port(value)) refuse(ParseError::bad_host);
    has_host_ = true;
  }

  void on_expect(std::string_view value) noexcept {
    if (is_1_0()) return;  // RFC 9110 10.1.1
    if (equals_ignoring_case(value, "100-continue"))
      verdict_.expects_continue = true;
    else
      unsupported_expectation_ = true;
  }

  void on_connection(std::string_view value) noexcept {
    for_each_element(value, [this](std::string_view option) {
      if (equals_ignoring_case(option, "close")) asks_close_ = true;
      if (equals_ignoring_case(option, "keep-alive")) asks_keep_alive_ = true;
    });
  }

  void on_content_length(std::string_view value) noexcept {
    const auto length = parse_number<std::size_t>(value);  // digits only, no overflow
    if (has_content_length_ || !length) refuse(ParseError::bad_content_length);
    has_content_length_ = true;
    verdict_.content_length = length.value_or(0);
  }

  /// Several fields are one list. Only "chunked", once and alone, is done here.
  void on_transfer_encoding(std::string_view value) noexcept {
    has_transfer_encoding_ = true;
    for_each_element(value, [this](std::string_view coding) {
      if (verdict_.chunked || !is_token(coding)) malformed_transfer_encoding_ = true;  // chunked must be last
      if (equals_ignoring_case(coding, "chunked"))
        verdict_.chunked = true;
      else
        unknown_coding_ = true;
    });
  }

  void conclude() noexcept {
    if (!has_host_ && !is_1_0()) refuse(ParseError::missing_host);
    if (has_transfer_encoding_) {
      if (has_content_length_) refuse(ParseError::ambiguous_body_length);
      if (is_1_0() || malformed_transfer_encoding_) refuse(ParseError::bad_transfer_encoding);
      if (unknown_coding_) refuse(ParseError::unknown_transfer_coding);
    }
    if (unsupported_expectation_) refuse(ParseError::unsupported_expectation);
    if (verdict_.content_length > limits_.max_body_size) refuse(ParseError::body_too_large);
    verdict_.keep_alive = !asks_close_ && (!is_1_0() || asks_keep_alive_);
  }

  bool is_1_0() const noexcept { return request_.minor_version == 0; }

  /// The first fault is the one told.
  void refuse(ParseError error) noexcept {
    if (verdict_.error == ParseError::none) verdict_.error = error;
  }

  const Request& request_;
  const Limits& limits_;
  HeadVerdict verdict_;
  bool has_host_ = false;
  bool has_content_length_ = false;
  bool has_transfer_encoding_ = false;
  bool malformed_transfer_encoding_ = false;
  bool unknown_coding_ = false;
  bool unsupported_expectation_ = false;
  bool asks_close_ = false;
  bool asks_keep_alive_ = false;
};

/// The size of "http://" or "https://" at the start of a target, 0 where there is neither.
std::size_t scheme_size(std::string_view target) noexcept {
  for (const std::string_view scheme : {"http://", "https://"})
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

void set_path_and_query(std::string_view text, Request& request) noexcept {
  const auto question = text.find('?');
  request.path = text.substr(0, question);
  request.query = question == std::string_view::npos ? std::string_view{} : text.substr(question + 1);
  if (request.path.empty()) request.path = "/";  // "http://a" and "http://a?b", RFC 9110 4.2.3
}

/// False where a value that was there is no host.
bool replace_host(std::span<Field> fields, std::string_view authority) noexcept {
  for (auto& field : fields) {
    if (!equals_ignoring_case(field.name, "Host")) continue;
    if (!is_host_and_port(field.value)) return false;
    field.value = authority;
  }
  return true;
}

}  // namespace

ParseError split_target(Request& request, std::span<Field> fields) noexcept {
  const auto target = request.target;
  if (request.method == "CONNECT") {
    return is_authority_form(target) ? ParseError::unknown_method : ParseError::bad_target;
  }
  if (target == "*" && request.method == "OPTIONS") {
    request.path = target;
    request.query = {};
    return ParseError::none;
  }
  if (target.starts_with('/')) {
    set_path_and_query(target, request);
    return ParseError::none;
  }
  const auto scheme = scheme_size(target);
  if (scheme == 0) return ParseError::bad_target;
  const auto rest = target.substr(scheme);
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  // No userinfo: '@' is in no host (RFC 9110 4.2.4). No empty host (4.2.1).
  if (authority.empty() || !is_host_and_port(authority)) return ParseError::bad_target;
  set_path_and_query(rest.substr(authority.size()), request);
  return replace_host(fields, authority) ? ParseError::none : ParseError::bad_host;
}

ParseError judge_names(std::string_view head, UnderscoreRule rule, bool keeps_script_name, std::vector<Field>& fields,
                       std::uint32_t& dropped_at) {
  dropped_at = 0;
  // One search through all of the head costs less than one a name, and mostly there is none.
  if (rule == UnderscoreRule::keep || head.find('_') == std::string_view::npos) return ParseError::none;
  const auto offends = [&](const Field& field) {
    return field.name.find('_') != std::string_view::npos &&
           !(keeps_script_name && equals_ignoring_case(field.name, "SCRIPT_NAME"));
  };
  const auto first = std::find_if(fields.begin(), fields.end(), offends);
  if (first == fields.end()) return ParseError::none;
  if (rule == UnderscoreRule::refuse) return ParseError::underscored_field_name;
  dropped_at = static_cast<std::uint32_t>(first->name.data() - head.data());
  fields.erase(std::remove_if(first, fields.end(), offends), fields.end());
  return ParseError::none;
}

HeadVerdict judge_head(const Request& request, const Limits& limits) noexcept {
  return HeadJudge{request, limits}.judge();
}

}  // namespace indrik::http
