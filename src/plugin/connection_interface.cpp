#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>
#include <string>

#include "plugin/abi_text.h"
#include "plugin/host.h"
#include "plugin/interfaces.h"
#include "plugin/stream_handler.h"

namespace indrik::plugin {
namespace {

using stream::Conversation;
using State = Conversation::State;

constexpr std::uint32_t kFirstSize = offsetof(indrik_stream_handler, free_user_data) + sizeof(void*);

std::int32_t code_of(State state) noexcept {
  switch (state) {
    case State::done:
      return INDRIK_OK;
    case State::would_block:
      return INDRIK_E_AGAIN;
    case State::ended:
      return INDRIK_E_ENDED;
    case State::stopping:
      return INDRIK_E_STOPPING;
    case State::timed_out:
      return INDRIK_E_TIMED_OUT;
    case State::client_gone:
      return INDRIK_E_CLIENT_GONE;
    case State::wrong_phase:
      return INDRIK_E_WRONG_PHASE;
    case State::out_of_memory:
      return INDRIK_E_NO_MEMORY;
  }
  return INDRIK_E_FAILED;
}

/// It stands in configurations as a bare key of TOML.
bool is_name(std::string_view name) noexcept {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !name.empty() && name.find_first_not_of(kLetters) == std::string_view::npos;
}

std::int32_t refuse(std::int32_t code, std::string_view sentence, char* error, std::uint64_t capacity) noexcept {
  write_error(sentence, error, capacity);
  return code;
}

std::int32_t take(Host& host, const indrik_stream_handler& given, char* error, std::uint64_t capacity) {
  auto handler = std::make_unique<StreamHandler>(given, host.plugin_name);
  if (host.streams == nullptr)
    return refuse(INDRIK_E_WRONG_PHASE, "streams can be added within create() only", error, capacity);
  const std::string name{handler->name()};
  if (given.serve == nullptr && given.start == nullptr)
    return refuse(INDRIK_E_INVALID, "stream " + name + ": no handler", error, capacity);
  if (!is_name(name))
    return refuse(INDRIK_E_REFUSED, "stream \"" + name + "\": a name has letters, digits, \"_\" and \"-\" only", error,
                  capacity);
  const auto taken = (*host.streams)(std::move(handler));
  return taken ? INDRIK_OK : refuse(INDRIK_E_REFUSED, taken.error().text(), error, capacity);
}

std::int32_t add(const indrik_host* handle, const indrik_stream_handler* given, char* error,
                 std::uint64_t capacity) noexcept {
  if (given == nullptr || given->struct_size < kFirstSize)
    return refuse(INDRIK_E_INVALID, "a stream without a struct_size", error, capacity);
  indrik_stream_handler handler{};
  std::memcpy(&handler, given, std::min<std::size_t>(given->struct_size, sizeof handler));
  try {
    return take(Host::of(handle), handler, error, capacity);
  } catch (const std::bad_alloc&) {
    return refuse(INDRIK_E_NO_MEMORY, "out of memory", error, capacity);
  }
}

Conversation::Wait wait_of(std::uint32_t wait) noexcept {
  return wait == INDRIK_STREAM_NO_WAIT ? Conversation::Wait::no : Conversation::Wait::yes;
}

Conversation::Direction direction_of(std::uint32_t direction) noexcept {
  return direction == INDRIK_STREAM_READ ? Conversation::Direction::read : Conversation::Direction::write;
}

indrik_text input(const indrik_connection* connection) noexcept { return text_of(conversation_of(connection).input()); }

void consume(indrik_connection* connection, std::uint64_t size) noexcept {
  auto& conversation = conversation_of(connection);
  conversation.consume(std::min<std::uint64_t>(size, conversation.input().size()));
}

std::int32_t fill(indrik_connection* connection, std::uint64_t more_than, std::uint32_t wait) noexcept {
  return code_of(conversation_of(connection).fill(more_than, wait_of(wait)));
}

std::int64_t write(indrik_connection* connection, indrik_text bytes, std::uint32_t wait) noexcept {
  const auto [state, size] = conversation_of(connection).write(view_of(bytes), wait_of(wait));
  return state == State::done ? static_cast<std::int64_t>(size) : code_of(state);
}

std::int32_t flush(indrik_connection* connection, std::uint32_t wait) noexcept {
  return code_of(conversation_of(connection).flush(wait_of(wait)));
}

std::int32_t on_ready(indrik_connection* connection, std::uint32_t direction, void (*ready)(void* context),
                      void* context) noexcept {
  if (direction > INDRIK_STREAM_WRITE) return INDRIK_E_INVALID;
  conversation_of(connection).on_ready(direction_of(direction), ready, context);
  return INDRIK_OK;
}

void set_timeout(indrik_connection* connection, std::uint32_t direction, std::uint64_t timeout_ns) noexcept {
  constexpr std::uint64_t kLongest = std::numeric_limits<std::int64_t>::max() / 2;  // added to the time, it still fits
  conversation_of(connection)
      .set_timeout(direction_of(direction), nanoseconds{static_cast<std::int64_t>(std::min(timeout_ns, kLongest))});
}

std::int32_t is_stopping(const indrik_connection* connection) noexcept {
  return conversation_of(connection).is_stopping() ? 1 : 0;
}

indrik_text peer(const indrik_connection* connection) noexcept { return text_of(conversation_of(connection).peer()); }

void fail(indrik_connection* connection, indrik_text reason) noexcept {
  conversation_of(connection).fail(view_of(reason));
}

void end(indrik_connection* connection) noexcept { conversation_of(connection).end(); }

}  // namespace

constinit const indrik_stream kStream{.struct_size = sizeof(indrik_stream),
                                      .add = add,
                                      .input = input,
                                      .consume = consume,
                                      .fill = fill,
                                      .write = write,
                                      .flush = flush,
                                      .on_ready = on_ready,
                                      .set_timeout = set_timeout,
                                      .is_stopping = is_stopping,
                                      .peer = peer,
                                      .fail = fail,
                                      .end = end};

}  // namespace indrik::plugin
