#pragma once

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <indrik/sdk/api.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

class Response;
namespace sdk {
void send(const Context& context, const Response& response);
}

/// An answer: a status, fields, a body. Connection, Content-Length, Date and the like are the server's and refused.
class Response {
 public:
  Response() noexcept : Response{200} {}
  /// 200 to 599 (RFC 9110 15); another number makes the answer a 500.
  explicit Response(int status) noexcept : status_{status} {}

  int status() const noexcept { return status_; }

  /// Adds a field; the same name may be added again, but for Content-Type, which is replaced. A name that is no token
  /// or a value with control characters makes the answer a 500, and the log says which.
  Response& field(std::string name, std::string value) & {
    if (is_content_type(name)) {
      content_type_ = {};
      std::erase_if(fields_, [](const auto& old) { return is_content_type(old.first); });
    }
    fields_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Response&& field(std::string name, std::string value) && {
    return std::move(field(std::move(name), std::move(value)));
  }

  /// Sets the whole body.
  Response& body(std::string bytes) & {
    body_ = std::move(bytes);
    return *this;
  }
  Response& body(std::string_view bytes) & {
    body_.assign(bytes);
    return *this;
  }
  Response& body(const char* text) & { return body(std::string_view{text}); }
  template <class Bytes>
  Response&& body(Bytes&& bytes) && {
    return std::move(body(std::forward<Bytes>(bytes)));
  }

 private:
  friend void sdk::send(const sdk::Context& context, const Response& response);
  friend Response text(std::string body);
  friend Response html(std::string body);
  friend Response json(std::string body);

  Response(std::string_view content_type, std::string body) noexcept
      : status_{200}, content_type_{content_type}, body_{std::move(body)} {}

  static bool is_content_type(std::string_view name) noexcept {
    constexpr std::string_view kName = "content-type";
    return std::ranges::equal(name, kName, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  }

  int status_;
  std::string_view content_type_;  ///< a literal of ours: the usual answers allocate no field
  std::string body_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

inline Response text(std::string body) { return {"text/plain; charset=utf-8", std::move(body)}; }
inline Response html(std::string body) { return {"text/html; charset=utf-8", std::move(body)}; }
/// `body` is JSON already.
inline Response json(std::string body) { return {"application/json", std::move(body)}; }
/// A status without a body.
inline Response status(int code) noexcept { return Response{code}; }

namespace sdk {

inline void send_field(const Context& context, std::string_view name, std::string_view value) {
  const auto code = context.api->response->add_field(context.exchange, to_abi(name), to_abi(value));
  if (code == INDRIK_OK) return;
  const char* reason = code == INDRIK_E_BAD_NAME         ? "the name is no token"
                       : code == INDRIK_E_BAD_VALUE      ? "the value has control characters"
                       : code == INDRIK_E_RESERVED_FIELD ? "it is the server's"
                                                         : "the server refuses it";
  throw std::runtime_error{"response field \"" + std::string{name} + "\": " + reason};
}

/// Hands the answer to the host. Throws what the log shall say if the host refuses a part.
inline void send(const Context& context, const Response& response) {
  const auto& api = *context.api->response;
  if (api.set_status(context.exchange, response.status_) != INDRIK_OK)
    throw std::runtime_error{"response status " + std::to_string(response.status_) + ": not within 200 to 599"};
  if (!response.content_type_.empty()) send_field(context, "Content-Type", response.content_type_);
  for (const auto& [name, value] : response.fields_) send_field(context, name, value);
  if (api.append_body(context.exchange, to_abi(response.body_)) != INDRIK_OK) throw std::bad_alloc{};
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
