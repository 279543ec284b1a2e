#include <new>
#include <utility>

#include "plugin/abi_fields.h"
#include "plugin/abi_text.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

/// Changes the answer, unless the handler has failed already; what memory runs out for becomes a number.
template <class Change>
std::int32_t change(indrik_exchange* handle, Change&& apply) noexcept {
  auto& exchange = exchange_of(handle);
  if (!exchange.failure.empty()) return INDRIK_E_WRONG_PHASE;
  try {
    return apply(exchange);
  } catch (const std::bad_alloc&) {
    return INDRIK_E_NO_MEMORY;
  }
}

/// The same, unless the client has been told it already.
template <class Change>
std::int32_t change_unsent(indrik_exchange* handle, Change&& apply) noexcept {
  if (exchange_of(handle).answer_begun()) return INDRIK_E_WRONG_PHASE;
  return change(handle, std::forward<Change>(apply));
}

std::int32_t set_status(indrik_exchange* handle, std::int32_t status) noexcept {
  if (status < 200 || status > 599) return INDRIK_E_OUT_OF_RANGE;
  return change_unsent(handle, [status](http::Exchange& exchange) -> std::int32_t {
    if (exchange.response.has_parts()) return INDRIK_E_WRONG_PHASE;  // its fields say what it said when they were made
    exchange.response.set_status(status);
    return INDRIK_OK;
  });
}

std::int32_t add_field(indrik_exchange* handle, indrik_text name, indrik_text value) noexcept {
  return change_unsent(handle, [&](http::Exchange& exchange) -> std::int32_t {
    return field_code(exchange.response.add_field(view_of(name), view_of(value)));
  });
}

std::int32_t append_body(indrik_exchange* handle, indrik_text bytes) noexcept {
  return change_unsent(handle, [bytes](http::Exchange& exchange) -> std::int32_t {
    if (exchange.response.has_parts()) return INDRIK_E_WRONG_PHASE;
    exchange.response.append_body(view_of(bytes));
    return INDRIK_OK;
  });
}

std::int32_t fail_exchange(indrik_exchange* handle, indrik_text reason) noexcept {
  return change(handle, [reason](http::Exchange& exchange) {
    exchange.fail(view_of(reason));
    return INDRIK_OK;
  });
}

}  // namespace

constinit const indrik_http_response kHttpResponse{.struct_size = sizeof(indrik_http_response),
                                                   .set_status = set_status,
                                                   .add_field = add_field,
                                                   .append_body = append_body,
                                                   .fail = fail_exchange};

}  // namespace indrik::plugin
