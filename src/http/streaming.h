#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace indrik::http {

/// The bodies of one exchange piece by piece, for a handler that does not want them whole. Every piece moved gives the
/// exchange its time anew. For whoever runs the handler; on_ready() and Wait::no for async handlers, Wait::yes for
/// blocking ones, which then wait as their worker class does: a thread or the loop (sync) blocks, a fiber parks.
class Streaming {
 public:
  enum class Wait : std::uint8_t { no, yes };
  enum class State : std::uint8_t {
    moved,         ///< `size` bytes
    ended,         ///< read: the whole body has been read
    would_block,   ///< nothing can be moved now
    cut_short,     ///< read: the rest will not come: the client has ended, stalled, or sent what is no body
    client_gone,   ///< nobody is there to read from or write to
    cancelled,     ///< the deadline has passed
    too_long,      ///< write: beyond the declared length; what fitted was moved
    wrong_phase,   ///< the answer has begun (inform), or it has failed already, or an async handler wants to wait
    out_of_memory  ///< nothing was moved
  };
  struct Transfer {
    State state = State::moved;
    std::size_t size = 0;
  };
  enum class Direction : std::uint8_t { read, write };

  /// Some of the request's body, into `room`. Of a body that came whole as well.
  virtual Transfer read(std::span<char> room, Wait wait) noexcept = 0;
  /// The next bytes of the answer's body; they are copied. The first call sends status and fields, which are final from
  /// then on. Wait::yes: all of them, or the state is not `moved`. Wait::no: as many as there is room for.
  virtual Transfer write(std::string_view bytes, Wait wait) noexcept = 0;
  /// An interim answer 103 with these field lines (RFC 8297), before the answer begins.
  virtual State inform(std::string_view field_lines) noexcept = 0;
  /// Status and fields are on their way: too late to change them.
  virtual bool begun() const noexcept = 0;
  /// Calls ready(context) once, on the loop's thread, never from inside this call, when a read or write would no longer
  /// give would_block. One for each direction; null forgets it.
  virtual void on_ready(Direction direction, void (*ready)(void* context), void* context) noexcept = 0;

 protected:
  ~Streaming() = default;
};

}  // namespace indrik::http
