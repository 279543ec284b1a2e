#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <forward_list>
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <indrik/sdk/api.hpp>
#include <indrik/sdk/stream.hpp>
#include <indrik/sdk/tls.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// A part of a query with %XX and '+' replaced; a '%' that begins no escape stays (WHATWG URL, the parser of
/// application/x-www-form-urlencoded).
inline std::string decode_query_part(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

inline bool is_encoded(std::string_view text) noexcept { return text.find_first_of("%+") != text.npos; }

}  // namespace sdk

/// What a client asked. Valid until the handler ends, a coroutine's last co_return included, and so is every view it
/// gives. For the one thread that runs the handler.
class Request {
 public:
  explicit Request(const sdk::Context& context) noexcept : context_{context} {
    raw_.struct_size = sizeof raw_;
    context_.api->request->read(context_.exchange, &raw_);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  std::string_view method() const noexcept { return sdk::from_abi(raw_.method); }
  /// As sent: path and query, still percent-encoded.
  std::string_view target() const noexcept { return sdk::from_abi(raw_.target); }
  /// Still percent-encoded, the mount included; what a route is to know of it, param() gives decoded.
  std::string_view path() const noexcept { return sdk::from_abi(raw_.path); }
  std::string_view body() const noexcept { return sdk::from_abi(raw_.body); }
  /// The client, "192.0.2.1:4711"; without a port where a trusted proxy tells none; empty on a unix socket.
  std::string_view peer() const noexcept { return sdk::from_abi(raw_.peer); }
  /// Whoever made the connection: a trusted proxy, or the same as peer().
  std::string_view remote() const noexcept { return sdk::from_abi(raw_.remote); }
  /// What the client asked for, "example.org:8443": as a trusted proxy says, or the Host field.
  std::string_view host() const noexcept { return sdk::from_abi(raw_.host); }
  /// "/app": what the client's path begins with and path() does not, as a trusted proxy says; mostly empty. It belongs
  /// before every path in an answer.
  std::string_view prefix() const noexcept { return sdk::from_abi(raw_.prefix); }
  /// "http" or "https", as the client has it.
  std::string_view scheme() const noexcept { return sdk::from_abi(raw_.scheme); }

  /// The first field of that name, compared without case.
  std::optional<std::string_view> field(std::string_view name) const noexcept {
    return found(context_.api->request->field, name);
  }
  /// What the path has for {name} in the route's pattern, decoded.
  std::optional<std::string_view> param(std::string_view name) const noexcept {
    return found(context_.api->request->param, name);
  }
  /// The first value of a name in the query, decoded; "" for a name without '='.
  std::optional<std::string_view> query(std::string_view name) const {
    for (auto rest = sdk::from_abi(raw_.query); !rest.empty();) {
      const auto pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : rest.size());
      const auto equals = pair.find('=');
      if (!is_name(pair.substr(0, equals), name) || pair.empty()) continue;
      return decoded(equals == pair.npos ? std::string_view{} : pair.substr(equals + 1));
    }
    return std::nullopt;
  }
  /// The whole query, without '?', as sent.
  std::string_view query() const noexcept { return sdk::from_abi(raw_.query); }

  /// Some of the body, into `room`; 0: it has ended, and was whole. On a route with streamed_body this is how the body
  /// comes, and body() is empty; on others it gives body() in pieces. Waits as Writer::write() does. For blocking
  /// handlers. Throws BodyCutShort, ClientGone, Cancelled.
  std::size_t read(std::span<char> room) const {
    return sdk::moved_or_throw(sdk::stream_of(context_).read(context_.exchange, room.data(), room.size(), INDRIK_WAIT));
  }
  /// The same for coroutines: `const auto size = co_await request.read_some(room)`.
  [[nodiscard]] sdk::Read read_some(std::span<char> room) const { return {context_, room}; }
  /// The first trailer of that name; there once the body has been read to its end.
  std::optional<std::string_view> trailer(std::string_view name) const {
    indrik_field field{};
    for (std::uint64_t at = 0; sdk::stream_of(context_).trailers(context_.exchange, at, &field, 1) == 1; ++at)
      if (equals_ignoring_case(sdk::from_abi(field.name), name)) return sdk::from_abi(field.value);
    return std::nullopt;
  }
  /// Tells the client, before the answer, what it will need: early_hints({{"Link", "</a.css>; rel=preload"}}).
  /// Old proxies take it for the answer (nginx 1.22 does): only where all that stand before the server know 103.
  void early_hints(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) const {
    std::vector<indrik_field> hints;
    for (const auto& [name, value] : fields) hints.push_back({sdk::to_abi(name), sdk::to_abi(value)});
    if (sdk::stream_of(context_).early_hints(context_.exchange, hints.data(), hints.size()) != INDRIK_OK)
      throw std::runtime_error{"early hints: the server refuses them"};
  }

  /// When the client gets a 504 instead of our answer: the server's `timeout` after the request had arrived, unless it
  /// was extended. max(): never.
  std::chrono::steady_clock::time_point deadline() const noexcept {
    using Point = std::chrono::steady_clock::time_point;
    const auto* const api = context_.api->deadline;
    const auto due = api == nullptr ? INDRIK_NO_DEADLINE : api->get(context_.exchange);
    return due == INDRIK_NO_DEADLINE ? Point::max() : Point{std::chrono::nanoseconds{due}};
  }
  /// Moves the deadline to `from_now`, never nearer. False: that is beyond what the server allows (max_timeout; the
  /// deadline then stands there), or the deadline has passed.
  bool extend(std::chrono::nanoseconds from_now) const noexcept {
    const auto* const api = context_.api->deadline;
    return api == nullptr || api->extend(context_.exchange, from_now.count()) == INDRIK_OK;
  }
  /// The deadline has passed: nobody waits for the answer any more. What a coroutine awaits then throws Cancelled;
  /// a blocking handler that works for long looks here now and then.
  bool cancelled() const noexcept {
    const auto* const api = context_.api->deadline;
    return api != nullptr && api->cancelled(context_.exchange) != 0;
  }
  /// The client has closed its connection, or the half in which it sends, which looks the same: the answer is still
  /// sent to whoever may read it.
  bool client_gone() const noexcept {
    const auto* const api = context_.api->deadline;
    return api != nullptr && api->client_gone(context_.exchange) != 0;
  }

  /// How the connection to this server is secured, and whose certificate the client has shown; none: it is plain,
  /// whatever scheme() says of the one to a proxy before it.
  std::optional<Tls> tls() const noexcept { return sdk::read_tls(context_); }

  /// Calls visit(name, value) for each field, in the order sent.
  template <class Visit>
  void each_field(Visit&& visit) const {
    indrik_field fields[16];
    for (std::uint64_t first = 0; first < raw_.field_count;) {
      const auto count = context_.api->request->fields(context_.exchange, first, fields, std::size(fields));
      for (std::uint64_t i = 0; i < count; ++i) visit(sdk::from_abi(fields[i].name), sdk::from_abi(fields[i].value));
      first += count;
    }
  }

 private:
  static bool equals_ignoring_case(std::string_view one, std::string_view other) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    return std::ranges::equal(one, other, {}, lower, lower);
  }
  using Lookup = std::int32_t (*)(const indrik_exchange*, indrik_text, indrik_text*);

  std::optional<std::string_view> found(Lookup lookup, std::string_view name) const noexcept {
    indrik_text value{};
    if (lookup(context_.exchange, sdk::to_abi(name), &value) != INDRIK_OK) return std::nullopt;
    return sdk::from_abi(value);
  }
  static bool is_name(std::string_view sent, std::string_view name) {
    return sdk::is_encoded(sent) ? sdk::decode_query_part(sent) == name : sent == name;
  }
  std::string_view decoded(std::string_view sent) const {
    return sdk::is_encoded(sent) ? decoded_.emplace_front(sdk::decode_query_part(sent)) : sent;
  }

  sdk::Context context_;
  indrik_request raw_{};
  mutable std::forward_list<std::string> decoded_;  ///< what the views given so far point into: it never moves
};

}  // namespace indrik
#pragma GCC visibility pop
