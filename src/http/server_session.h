#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/answer_body.h"
#include "http/body_reader.h"
#include "http/head_scanner.h"
#include "http/limits.h"
#include "http/parse_error.h"
#include "http/request.h"
#include "http/response.h"
#include "http/session_memory.h"

namespace indrik::http {

/// What the Connection field of an answer says.
enum class ConnectionOption : std::uint8_t { none, close, keep_alive };

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
///
/// A body is gathered in memory, unless take_in_pieces() is called at Step::head or Step::overflow: then it comes as
/// Step::piece, any number of times, and Step::body_end, and the request is the one that take_in_pieces() filled. It
/// may be answered before its body has come: of the rest a bounded lot is read and dropped, or the connection ends.
///
/// An answer is appended whole by respond(), or begun, continued and ended.
class ServerSession {
 public:
  /// Beyond this an answered request's memory is given back at once.
  static constexpr std::size_t kMaxKeptMemory = 64 * 1024;

  /// Of an unread body so much is read and dropped after the answer, so that the connection can be kept.
  static constexpr std::size_t kMaxDrained = 64 * 1024;

  enum class Step : std::uint8_t {
    need_bytes,  ///< feed() more (or the client has ended and nothing is open: see finished())
    head,        ///< the head stands in the Request passed, its body has not come whole; views until feed()
    overflow,    ///< the body outgrows Limits::max_buffered_body: take_in_pieces(), or it goes on in memory; but once
    piece,       ///< piece() is more of the body
    body_end,    ///< the body has come whole, in pieces
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
  /// answered they wait (see buffered()). A session without memory takes some out of `spare` first.
  void feed(std::string_view bytes, SessionMemory* spare = nullptr);
  /// The client sends no more. A request cut short becomes ParseError::truncated; whole ones are still answered.
  void end_of_input() noexcept;

  /// The next thing to do. While a request is being answered (between Step::request or Step::body_end and respond()):
  /// need_bytes.
  Step advance(Request& request);

  /// The body comes in pieces from here on. Fills `request`, whose views stay valid until it has been answered.
  /// `ask`: whether a client that waits for 100 (Continue) is asked for the body now; ask_for_body() does it later.
  void take_in_pieces(Request& request, bool ask);
  void ask_for_body() noexcept { asks_ = true; }
  /// Valid until the next call of advance() or feed().
  std::string_view piece() const noexcept;

  /// Appends the whole answer to `out` and forgets the request and everything it viewed. HEAD, 204 and 304 get no body.
  void respond(const Response& response, const Framing& framing, std::string& out);

  /// Appends the head of an answer whose body follows piece by piece: by response.declared_length(), in chunks, or, to
  /// HTTP/1.0, until the connection closes.
  void begin_answer(const Response& response, const Framing& framing, std::string& out);
  /// False: it goes beyond the declared length; what does is left out, and the connection is not used again.
  bool continue_answer(std::string_view piece, std::string& out);
  /// Ends it, with response.trailer_lines(), and forgets the request. False: fewer bytes came than were declared: the
  /// connection must be cut, so that the client can tell.
  bool end_answer(const Response& response, std::string& out);
  /// Fewer bytes of it have come than were declared, so far.
  bool answer_is_short() const noexcept { return answer_.is_short(); }
  /// The rest of the body in pieces is not waited for: `error` says why. The request may still be answered.
  void abandon_body(ParseError error) noexcept;
  /// Appends an interim answer, 103 (RFC 8297), before the answer itself. Nothing for HTTP/1.0.
  void inform(int status, std::string_view field_lines, std::string& out) const;

  /// Appends the answer to a request that cannot be understood; the connection must close after it.
  void refuse(ParseError error, const Framing& framing, std::string& out);

  /// SCRIPT_NAME is let pass by UnderscoreRule: the peer is one that may say it.
  void keep_script_name() noexcept { keeps_script_name_ = true; }
  /// Of the request just given: the first name that UnderscoreRule left out, empty for none. Valid until feed().
  std::string_view dropped_field() const noexcept;
  /// Of the request just given: a ForwardedField is there.
  bool tells_of_client() const noexcept { return tells_of_client_; }

  ParseError error() const noexcept;
  Waiting waiting() const noexcept;
  /// No further request will be read: close once everything is written.
  bool finished() const noexcept;
  /// Bytes fed and not yet part of a request; the engine stops reading above its bound.
  std::size_t buffered() const noexcept;
  /// Gives back the memory that an idle connection does not need, or leaves it in `spare`.
  void release_memory(SessionMemory* spare = nullptr) noexcept;
  /// Bytes on the heap, for whoever measures what a connection costs.
  std::size_t held_memory() const noexcept;

 private:
  enum class Phase : std::uint8_t { head, body, answer, drain, failed, done };
  /// What few connections need.
  struct Aside {
    std::string later;  ///< fed while a request was being answered: buffer_ must not move then
    std::string head;   ///< of a request whose body comes in pieces: buffer_ is that body's
  };

  Step read_head(Request& request);
  Step accept_head(Request& request);
  Step resume_body(Request& request);
  Step read_body(Request& request);
  Step complete_request(Request& request);
  Step read_piece(Request& request);
  Step drain(Request& request);
  Step ask_or_starve();
  bool can_be_kept() const noexcept;
  ConnectionOption connection_option() const noexcept;
  ParseError parse(Request& request);
  bool skip_empty_line() noexcept;
  Step starve();
  Step fail(ParseError error) noexcept;
  void finish_answer();
  void forget_request() noexcept;
  void end() noexcept;
  void take_later();
  Aside& aside();
  std::string_view later() const noexcept { return aside_ ? aside_->later : std::string_view{}; }
  /// Of the request being read or answered, as it lies now.
  std::string_view head() const noexcept {
    return in_pieces_ ? std::string_view{aside_->head} : unread().substr(0, scanner_.size());
  }
  std::string_view unread() const noexcept { return std::string_view{buffer_}.substr(begin_); }

  const Limits& limits_;
  std::string buffer_;         ///< from begin_ on: the request being read or answered, then what follows it
  std::vector<Field> fields_;  ///< what Request::fields views
  std::unique_ptr<Aside> aside_;
  HeadScanner scanner_;
  BodyReader body_;
  AnswerBody answer_;
  std::size_t begin_ = 0;  ///< of the request being read, in buffer_
  std::size_t next_ = 0;   ///< Phase::answer: where the next request begins
  std::size_t drained_ = 0;
  Phase phase_ = Phase::head;
  ParseError error_ = ParseError::none;
  std::uint32_t dropped_at_ = 0;  ///< where in the head the name stands; 0: none was left out
  bool answered_any_ = false;
  bool skipped_empty_line_ = false;
  bool input_ended_ = false;
  bool to_head_ = false;
  bool is_1_0_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;  ///< and was not told yet
  bool in_pieces_ = false;
  bool asks_ = true;  ///< for the body, of a client that waits to be asked
  bool told_head_ = false;
  bool told_overflow_ = false;
  bool body_failed_ = false;
  bool piece_given_ = false;
  bool keeps_script_name_ = false;
  bool tells_of_client_ = false;
  bool keep_ = false;  ///< the connection, after the answer being written
};

}  // namespace indrik::http
