#include <new>
#include <string>

#include "plugin/abi_fields.h"
#include "plugin/abi_text.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

using http::Streaming;

std::int32_t code_of(Streaming::State state) noexcept {
  switch (state) {
    case Streaming::State::moved:
    case Streaming::State::ended:
      return INDRIK_OK;
    case Streaming::State::would_block:
      return INDRIK_E_AGAIN;
    case Streaming::State::cut_short:
      return INDRIK_E_CUT_SHORT;
    case Streaming::State::client_gone:
      return INDRIK_E_CLIENT_GONE;
    case Streaming::State::cancelled:
      return INDRIK_E_CANCELLED;
    case Streaming::State::too_long:
      return INDRIK_E_OUT_OF_RANGE;
    case Streaming::State::wrong_phase:
      return INDRIK_E_WRONG_PHASE;
    case Streaming::State::out_of_memory:
      return INDRIK_E_NO_MEMORY;
  }
  return INDRIK_E_FAILED;
}

/// What memory runs out for becomes a number.
template <class Call>
auto guarded(Call&& call) noexcept -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return INDRIK_E_NO_MEMORY;
  }
}

Streaming::Wait wait_of(std::uint32_t wait) noexcept {
  return wait == INDRIK_NO_WAIT ? Streaming::Wait::no : Streaming::Wait::yes;
}

std::int64_t moved(const Streaming::Transfer& transfer) noexcept {
  const auto code = code_of(transfer.state);
  return code == INDRIK_OK ? static_cast<std::int64_t>(transfer.size) : code;
}

std::int64_t read(indrik_exchange* handle, char* room, std::uint64_t capacity, std::uint32_t wait) noexcept {
  if (room == nullptr && capacity > 0) return INDRIK_E_INVALID;
  return guarded([&]() -> std::int64_t {
    return moved(exchange_of(handle).streaming().read({room, static_cast<std::size_t>(capacity)}, wait_of(wait)));
  });
}

/// An answer that is a file, or a body already, is not written in pieces.
bool may_begin(const http::Exchange& exchange) noexcept {
  return exchange.answer_begun() || (!exchange.response.has_parts() && exchange.response.body().empty());
}

std::int64_t write(indrik_exchange* handle, indrik_text bytes, std::uint32_t wait) noexcept {
  return guarded([&]() -> std::int64_t {
    auto& exchange = exchange_of(handle);
    if (!exchange.failure.empty() || !may_begin(exchange)) return INDRIK_E_WRONG_PHASE;
    return moved(exchange.streaming().write(view_of(bytes), wait_of(wait)));
  });
}

std::int32_t on_ready(indrik_exchange* handle, std::uint32_t direction, void (*ready)(void* context),
                      void* context) noexcept {
  if (direction > INDRIK_WRITE) return INDRIK_E_INVALID;
  return guarded([&]() -> std::int32_t {
    const auto which = direction == INDRIK_READ ? Streaming::Direction::read : Streaming::Direction::write;
    exchange_of(handle).streaming().on_ready(which, ready, context);
    return INDRIK_OK;
  });
}

std::int32_t early_hints(indrik_exchange* handle, const indrik_field* fields, std::uint64_t count) noexcept {
  return guarded([&]() -> std::int32_t {
    http::Response hints;  // the same rules hold for its fields
    for (std::uint64_t at = 0; at < count; ++at) {
      const auto code = field_code(hints.add_field(view_of(fields[at].name), view_of(fields[at].value)));
      if (code != INDRIK_OK) return code;
    }
    return code_of(exchange_of(handle).streaming().inform(hints.field_lines()));
  });
}

std::int32_t declare_length(indrik_exchange* handle, std::uint64_t size) noexcept {
  auto& exchange = exchange_of(handle);
  if (exchange.answer_begun() || !exchange.failure.empty()) return INDRIK_E_WRONG_PHASE;
  exchange.response.declare_length(size);
  return INDRIK_OK;
}

std::int32_t add_trailer(indrik_exchange* handle, indrik_text name, indrik_text value) noexcept {
  return guarded([&] { return field_code(exchange_of(handle).response.add_trailer(view_of(name), view_of(value))); });
}

std::uint64_t trailers(const indrik_exchange* handle, std::uint64_t first, indrik_field* out,
                       std::uint64_t capacity) noexcept {
  return copy_fields(exchange_of(handle).request.trailers, first, out, capacity);
}

}  // namespace

constinit const indrik_http_stream kHttpStream{.struct_size = sizeof(indrik_http_stream),
                                               .read = read,
                                               .write = write,
                                               .on_ready = on_ready,
                                               .early_hints = early_hints,
                                               .declare_length = declare_length,
                                               .add_trailer = add_trailer,
                                               .trailers = trailers};

}  // namespace indrik::plugin
