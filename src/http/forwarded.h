#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "http/parse_error.h"
#include "http/request.h"

namespace indrik::http {

/// The fields by which a proxy tells of its client, in the order of their names in forwarded.cpp.
enum class ForwardedField : std::uint8_t {
  forwarded,  ///< RFC 7239
  x_forwarded_for,
  x_forwarded_proto,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_prefix,
  script_name,
};

/// Which of them are believed. What a proxy does not itself set or remove, it passes on from anybody.
class ForwardedFields {
 public:
  ForwardedFields() = default;
  /// By name, without case. The error names the first that is none of them, and those there are.
  static Result<ForwardedFields> parse(std::span<const std::string> names);

  bool contains(ForwardedField field) const noexcept { return (set_ >> static_cast<unsigned>(field) & 1U) != 0; }
  void add(ForwardedField field) noexcept {
    set_ = static_cast<std::uint8_t>(set_ | 1U << static_cast<unsigned>(field));
  }

 private:
  std::uint8_t set_ = 0;
};

std::optional<ForwardedField> forwarded_field(std::string_view name) noexcept;

/// One hop as RFC 7239 tells it: values without their quotes; what was not told is empty.
struct ForwardedElement {
  std::string node;  ///< "for": "192.0.2.1:80", "[2001:db8::1]", "unknown", "_hidden"
  std::string proto;
  std::string host;
};

/// Appends what one Forwarded field says, the nearest hop last. False: it breaks the grammar of RFC 7239 4, or tells
/// one thing of a hop twice; then `elements` is of no use.
bool parse_forwarded(std::string_view value, std::vector<ForwardedElement>& elements);

/// A prefix without its trailing slashes: "" for "/". None: it is no absolute path of visible characters, or has empty
/// or dot segments.
std::optional<std::string_view> checked_prefix(std::string_view text) noexcept;

/// What the fields of a request from a trusted peer say of the client. Empty: nothing.
struct Forwarding {
  std::optional<IpEndpoint> client;
  std::string_view scheme;  ///< "http", "https"
  std::string host;         ///< with its port, unless that is the scheme's own
  std::string prefix;
  bool path_has_prefix = false;  ///< SCRIPT_NAME: the path still begins with it

  void clear() noexcept;
};

/// Reads the believed ones of `fields`, which came from a peer that is trusted. The client is found from the nearest
/// hop on: as long as the last address found is trusted, the next is believed (nginx's real_ip_recursive). A hop that
/// hides its name, or is no address, ends the walk there: the last address found is the client's. What is told of
/// scheme and host counts for the hop at which the walk ended, where each hop told it, and else that of the nearest.
/// bad_forwarding: a value that cannot be what it says, or two fields that contradict each other.
ParseError read_forwarding(std::span<const Field> fields, ForwardedFields believed,
                           const std::function<bool(const IpAddress&)>& is_trusted, Forwarding& forwarding);

}  // namespace indrik::http
