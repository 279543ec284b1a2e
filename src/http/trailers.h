#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "http/limits.h"
#include "http/parse_error.h"
#include "http/request.h"

namespace indrik::http {

/// The trailer section of one chunked body (RFC 9112 7.1.2), line by line: judged, bounded as the fields of a head are,
/// and filtered (RFC 9110 6.5.1). Costs a pointer where there is none.
///
/// Fields that say where a message ends or whom it is for are refused, with the connection: whoever sends them in a
/// trailer wants two readers to disagree. Those that others must know before the body (conditions, credentials, what
/// the content is, what a proxy says of the client) are dropped: too late to be heeded, and not to be mistaken for what
/// the head said.
class Trailers {
 public:
  Trailers() noexcept;
  ~Trailers();
  Trailers(Trailers&&) noexcept;
  Trailers& operator=(Trailers&&) noexcept;

  /// One line, without CR LF, not the empty one that ends the section.
  ParseError take(std::string_view line, const Limits& limits);
  /// The section has ended.
  void finish();
  /// After finish(): what is left of it, in the order sent; valid until this object is assigned to or destroyed.
  std::span<const Field> fields() const noexcept;
  /// Bytes on the heap.
  std::size_t held_memory() const noexcept;

 private:
  struct Section;

  std::unique_ptr<Section> section_;
};

}  // namespace indrik::http
