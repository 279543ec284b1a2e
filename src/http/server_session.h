#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/limits.h"
#include "http/parse_error.h"
#include "http/request.h"
#include "http/response.h"

namespace indrik::http {

/// What the server adds to every answer.
struct Framing {
  std::string_view date;    ///< an IMF-fixdate (RFC 9110 5.6.7), 29 bytes
  std::string_view server;  ///< the Server field; empty: none is sent
  bool close = false;       ///< the connection ends after this answer (draining, limit reached)
};

/// The server's side of one HTTP/1 connection, without sockets, clock or log ("sans-I/O"): it takes bytes, gives
/// requests, takes responses, gives bytes, and says which deadline applies. The same bytes, cut anywhere, give the
/// same requests and the same answers. One thread at a time.
///
///   session.feed(bytes);
///   while (session.advance(request) == Step::request) {   // request views the session until respond()
///     … session.respond(response, framing, out);          // appends to out
///   }
class ServerSession {
 public:
  enum class Step : std::uint8_t {
    need_bytes,     ///< feed() more (or the client has ended and nothing is open: see finished())
    send_continue,  ///< write kContinue to the client, then advance() again (RFC 9110 10.1.1)
    request,        ///< a whole request stands in the Request passed
    error,          ///< error() says what; answer with refuse() and close
  };
  /// Which of the engine's deadlines runs now.
  enum class Waiting : std::uint8_t { first_byte, head, body, answer, idle, nothing };

  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

  /// `limits` outlives the session.
  explicit ServerSession(const Limits& limits) noexcept;
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  /// Bytes from the client. They are copied as far as they must be kept. Allowed at any time; while a request is being
  /// answered they wait (see buffered()).
  void feed(std::string_view bytes);
  /// The client sends no more. A request cut short becomes ParseError::truncated; whole ones are still answered.
  void end_of_input() noexcept;

  /// The next thing to do. While a request is being answered (between Step::request and respond()): need_bytes.
  Step advance(Request& request);

  /// Appends the whole answer to `out` and forgets the request and everything it viewed. HEAD, 204 and 304 get no body.
  void respond(const Response& response, const Framing& framing, std::string& out);
  /// Appends the answer to a request that cannot be understood; the connection must close after it.
  void refuse(ParseError error, const Framing& framing, std::string& out);

  ParseError error() const noexcept;
  Waiting waiting() const noexcept;
  /// No further request will be read: close once everything is written.
  bool finished() const noexcept;
  /// Bytes fed and not yet part of a request; the engine stops reading above its bound.
  std::size_t buffered() const noexcept;
  /// Gives back memory that an idle connection does not need.
  void release_memory() noexcept;

 private:
  // Owned by the implementation; see server_session.cpp.
};

}  // namespace indrik::http
