#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "http/server_session.h"
#include "net/stream.h"
#include "worker/body_file.h"
#include "worker/deadline_queue.h"
#include "worker/loop.h"
#include "worker/origin.h"
#include "worker/outbox.h"
#include "worker/pace.h"
#include "worker/running_exchange.h"
#include "worker/slab.h"
#include "worker/uptake.h"

namespace indrik::worker {

class Engine;

/// One client's connection: moves bytes between the socket and its ServerSession, one request at a time to a handler.
/// Owned by the engine, which frees it at the end of a turn after bury(). Loop thread only.
class Connection {
 public:
  using Registry = std::list<Connection, SlabAllocator<Connection>>;

  Connection(Engine& engine, net::Stream stream, std::string peer);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Before open(): a proxy's header comes first.
  void await(Preamble::Need need) { origin_.await(need); }
  void open() noexcept;
  /// Right after open(): reads what has come already. The connection may be closed afterwards.
  void look_for_request() noexcept;
  /// The exchange that was dispatched from here is complete.
  void answer(RunningExchange& exchange) noexcept;
  /// What it waited for did not come in time.
  void expire(const DeadlineQueue& queue) noexcept;
  /// Its request's deadline has passed: 504, and the handler, if it runs, is told and ends in its own time.
  void time_out() noexcept;
  /// Its request was withdrawn from the queue, where it waited for too long: 503.
  void refuse_waiting() noexcept;
  /// There is no room for it: its first request is answered 503, and that is all.
  void turn_away() noexcept { turned_away_ = true; }
  /// If its client went away while its request waited for a handler: closes it, and the handler does not run. One that
  /// ended its sending half with its request, or soon after, is no such client. On a unix socket nobody is.
  bool leave_if_given_up() noexcept;
  /// The client has closed it, or its sending half.
  bool is_left() const noexcept;
  /// Where the client of its running request waits, and what it is to be told if this worker is aborted meanwhile.
  void describe_client(process::RunningRequest& request) const noexcept;
  /// The worker drains: an idle connection has the grace of that now; the next answer is the last.
  void drain() noexcept;
  /// The handler of its exchange has moved the flow, or may go on moving it: takes and gives what there is.
  void serve_flow() noexcept;
  /// For a handler that has the loop and waits for its flow: serves this connection alone, once, in its time.
  void await_progress() noexcept;

  static Connection& of(Deadline& deadline) noexcept;
  Registry::iterator place;  ///< the engine's

 private:
  /// The deadline must be findable from its address alone.
  struct OwnedDeadline : Deadline {
    explicit OwnedDeadline(Connection& c) noexcept : owner{c} {}
    Connection& owner;
  };

  struct KeptBody {
    http::Request request;
    BodyFile file;
  };

  void shake_hands() noexcept;
  void refuse_plain_http() noexcept;
  void fail_handshake() noexcept;
  void on_ready(ev::io&, int events) noexcept;
  int watched() const noexcept { return watch_.is_active() ? watch_.events & (ev::READ | ev::WRITE) : 0; }
  bool awaits(int event) const noexcept { return (watched() & event) != 0; }
  void watch(int events) noexcept;
  void await_ready(int event) noexcept;
  void ignore_ready(int event) noexcept;
  void on_readable() noexcept;
  void on_writable() noexcept;
  ssize_t take_input() noexcept;
  void look_again() noexcept;
  bool receive() noexcept;
  void begin_session() noexcept;
  void read_preamble(Preamble& preamble) noexcept;
  void expire_preamble() noexcept;
  void believe_script_name() noexcept;
  void be_heard() noexcept;
  void pump() noexcept;
  bool advance(std::string& out) noexcept;
  struct Incoming {
    const http::Request& request;
    bool streams = false;           ///< its handler reads the body itself
    BodyFile* body_file = nullptr;  ///< what the body views, to be kept with the request
  };
  void dispatch(const Incoming& incoming, std::string& out) noexcept;
  routing::Match& preview(const http::Request& request) noexcept;
  void look_at_head(const http::Request& request, std::string& out) noexcept;
  void keep_in_file(std::string& out) noexcept;
  void keep_piece(std::string& out) noexcept;
  void dispatch_kept(const http::Request& request, std::string& out) noexcept;
  void answer_unkept(const Error& reason, std::string& out) noexcept;
  void refuse_for_space(std::string& out) noexcept;
  void answer_instead_of_body(http::Response response, std::string& out) noexcept;
  void take_body(std::string& out) noexcept;
  void send_flow(std::string& out) noexcept;
  void gather_flow(std::string& out) noexcept;
  void end_streamed(std::string& out) noexcept;
  void fail_streamed(std::string& out) noexcept;
  void abort_streamed() noexcept;
  void log_failure(std::string_view why) noexcept;
  void lose_patience() noexcept;
  void send_more() noexcept;
  void stop_reading_body(http::ParseError error) noexcept;
  http::Framing framing(bool last) noexcept;
  bool heed_proxy() noexcept;
  void answer_without_handler(std::string& out) noexcept;
  void answer_unbegun(bool last) noexcept;
  void answer_for_handler() noexcept;
  void forget_request() noexcept;
  void append_answer(std::string& out, bool last = false) noexcept;
  void append_in_time(std::string& out) noexcept;
  void log_timeout() noexcept;
  void refuse(http::ParseError error, std::string& out) noexcept;
  void write(std::string& out) noexcept;
  void write_parts(std::string& out, const std::vector<http::BodyPart>& parts) noexcept;
  void flush() noexcept;
  void settle() noexcept;
  void wait_for_more() noexcept;
  LeastRate least_body_rate() const noexcept;
  void measure_body(std::size_t size) noexcept;
  void refuse_dribble() noexcept;
  void refuse_body() noexcept;
  void answer_refusal(http::ParseError error) noexcept;
  bool awaits_taking() const noexcept;
  void await_taking() noexcept;
  void look_at_taking() noexcept;
  void linger() noexcept;
  void discard_input() noexcept;
  void close(bool reset = false) noexcept;

  Engine& engine_;
  net::Stream stream_;
  Origin origin_;
  http::ServerSession session_;
  ev::io watch_;  ///< for both directions
  OwnedDeadline deadline_;
  Outbox outbox_;
  Uptake uptake_;                      ///< of the outbox, while something is in it
  Pace body_pace_;                     ///< of the body that is being read
  std::unique_ptr<KeptBody> kept_;     ///< a body on its way into a file
  std::size_t streamed_ = 0;           ///< bytes taken from a flow in this turn
  std::string* pumping_ = nullptr;     ///< where answers go while pump() runs
  SlabPtr<RunningExchange> exchange_;  ///< the request being answered
  milliseconds unread_for_{0};         ///< what was read just now has waited for so long at least
  http::ServerSession::Waiting waiting_ = http::ServerSession::Waiting::nothing;
  bool input_ended_ = false;
  bool sent_since_receipt_ = false;  ///< an answer, after the last bytes that came
  bool shaking_hands_ = false;       ///< TLS: no byte of HTTP yet
  bool unheard_ = true;              ///< no request has come
  bool lingering_ = false;
  bool turned_away_ = false;
  bool answer_begun_ = false;  ///< of exchange_: its head is on its way, and the body follows in pieces
  bool timed_out_ = false;  ///< answered 504 while the handler runs on: exchange_ and what it views are that handler's
};

}  // namespace indrik::worker
