#pragma once

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <indrik/sdk/api.hpp>
#include <indrik/sdk/descriptor.hpp>
#include <indrik/sdk/stream.hpp>

#pragma GCC visibility push(hidden)
namespace indrik {

class Response;
namespace sdk {
void send(const Context& context, const Response& response);
void send_file(const Context& context, const Response& response);
struct Stream;
const Stream* stream_in(const Response& response) noexcept;

/// What file() was given.
struct File {
  std::string path;
  Descriptor descriptor;
};
}  // namespace sdk

/// An answer: a status, fields, a body. Connection, Content-Length, Date and the like are the server's and refused.
class Response {
 public:
  Response() noexcept : Response{200} {}
  /// 200 to 599 (RFC 9110 15); another number makes the answer a 500.
  explicit Response(int status) noexcept : status_{status} {}

  int status() const noexcept { return status_; }
  Response& status(int code) & noexcept {
    status_ = code;
    return *this;
  }
  Response&& status(int code) && noexcept { return std::move(status(code)); }

  /// Adds a field; the same name may be added again, but for Content-Type, which is replaced. A name that is no token
  /// or a value with control characters makes the answer a 500, and the log says which.
  // Inlined, GCC 12 takes a literal's std::string for one that has its text in itself, and warns (-Wstringop-overread).
  [[gnu::noinline]] Response& field(std::string name, std::string value) & {
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

  /// The body is written piece by piece after the handler has returned, and while its request is still there:
  /// `.stream([=](indrik::Writer& out) { out.write("..."); })` by a blocking handler, a coroutine that takes an
  /// indrik::AsyncWriter& and returns Task<> by an async one. What it throws cuts the answer, so that the client can
  /// tell.
  template <class Function>
  Response& stream(Function function) & {
    body_.clear();
    file_.reset();
    stream_ = std::make_shared<sdk::Stream>();
    if constexpr (std::is_invocable_r_v<Task<>, Function&, AsyncWriter&>)
      stream_->async = std::move(function);
    else
      stream_->blocking = std::move(function);
    return *this;
  }
  template <class Function>
  Response&& stream(Function function) && {
    return std::move(stream(std::move(function)));
  }
  /// How many bytes a stream() will write: it then goes with a Content-Length, not in chunks.
  Response& length(std::uint64_t size) & noexcept {
    length_ = size;
    return *this;
  }
  Response&& length(std::uint64_t size) && noexcept { return std::move(length(size)); }

  /// Sets the whole body.
  Response& body(std::string bytes) & {
    stream_.reset();
    file_.reset();
    body_ = std::move(bytes);
    return *this;
  }
  Response& body(std::string_view bytes) & {
    stream_.reset();
    file_.reset();
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
  friend void sdk::send_file(const sdk::Context& context, const Response& response);
  friend const sdk::Stream* sdk::stream_in(const Response& response) noexcept;
  friend Response file(std::string path);
  friend Response file(Descriptor descriptor, std::string name);
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
  std::shared_ptr<sdk::File> file_;  ///< shared by copies of the answer, of which one is sent
  std::shared_ptr<sdk::Stream> stream_;
  std::optional<std::uint64_t> length_;
};

inline Response text(std::string body) { return {"text/plain; charset=utf-8", std::move(body)}; }
inline Response html(std::string body) { return {"text/html; charset=utf-8", std::move(body)}; }
/// `body` is JSON already.
inline Response json(std::string body) { return {"application/json", std::move(body)}; }
/// The file of that path: 200, or what the request's conditions and ranges make of it (see ext/http_file.h); 404 if
/// there is none or it is no regular file. Its Content-Type is by the path's end, unless field() says another. It is
/// opened when the answer is sent, on the handler's thread; what keeps it from being opened, such as a lack of rights,
/// makes the answer a 500.
inline Response file(std::string path) {
  Response response;
  response.file_ = std::make_shared<sdk::File>(sdk::File{std::move(path), {}});
  return response;
}
/// The same for a file that is open already, for reading; `name` is for the Content-Type only.
inline Response file(Descriptor descriptor, std::string name) {
  Response response;
  response.file_ = std::make_shared<sdk::File>(sdk::File{std::move(name), std::move(descriptor)});
  return response;
}
/// Server-sent events: `events([=](indrik::Writer& out) { out.send({.data = "..."}); })`, or a coroutine, as for
/// Response::stream(). The client is expected to come again when the connection ends.
template <class Function>
Response events(Function function) {
  return Response{}
      .field("Content-Type", "text/event-stream")
      .field("Cache-Control", "no-cache")
      .stream(std::move(function));
}
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

inline bool is_field(std::string_view name, std::string_view lower_case) noexcept {
  return std::ranges::equal(name, lower_case, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
}

/// After the status. Content-Type and Content-Encoding are the file's: the host leaves them out where none of it is
/// sent.
inline void send_file(const Context& context, const Response& response) {
  if (context.api->file == nullptr) throw std::runtime_error{"this server cannot send files"};
  const auto& from = *response.file_;
  indrik_file file{};
  file.struct_size = sizeof file;
  file.path = to_abi(from.path);
  for (const auto& [name, value] : response.fields_) {
    if (is_field(name, "content-type"))
      file.content_type = to_abi(value);
    else if (is_field(name, "content-encoding"))
      file.content_encoding = to_abi(value);
    else
      send_field(context, name, value);
  }
  file.descriptor = -1;
  if (from.descriptor) {  // a copy: this answer may be one of several
    file.descriptor = ::fcntl(from.descriptor.get(), F_DUPFD_CLOEXEC, 3);
    if (file.descriptor < 0) throw std::system_error{errno, std::generic_category(), "file " + from.path};
  }
  const auto code = context.api->file->answer(context.exchange, &file);
  if (code == INDRIK_OK || code == INDRIK_E_NOT_FOUND) return;
  if (code == INDRIK_E_FAILED) throw std::system_error{errno, std::generic_category(), "file " + from.path};
  throw std::runtime_error{"the server refuses the file " + from.path};  // a NUL in it ends the text
}

/// What is still to be written after send(); null: nothing.
inline const Stream* stream_in(const Response& response) noexcept { return response.stream_.get(); }

/// Hands the answer to the host. Throws what the log shall say if the host refuses a part.
inline void send(const Context& context, const Response& response) {
  const auto& api = *context.api->response;
  if (api.set_status(context.exchange, response.status_) != INDRIK_OK)
    throw std::runtime_error{"response status " + std::to_string(response.status_) + ": not within 200 to 599"};
  if (response.file_) return send_file(context, response);
  if (!response.content_type_.empty()) send_field(context, "Content-Type", response.content_type_);
  for (const auto& [name, value] : response.fields_) send_field(context, name, value);
  if (response.stream_) {
    if (response.length_) stream_of(context).declare_length(context.exchange, *response.length_);
    return;
  }
  if (api.append_body(context.exchange, to_abi(response.body_)) != INDRIK_OK) throw std::bad_alloc{};
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
