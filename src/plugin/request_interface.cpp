#include <algorithm>
#include <cstddef>
#include <cstring>

#include "plugin/abi_fields.h"
#include "plugin/abi_text.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

/// How much of indrik_request the first revision had; a plugin's may be greater, never smaller.
constexpr std::uint32_t kFirstRequestSize = offsetof(indrik_request, field_count) + sizeof(std::uint64_t);

std::int32_t read(const indrik_exchange* exchange, indrik_request* out) noexcept {
  if (out == nullptr || out->struct_size < kFirstRequestSize) return INDRIK_E_INVALID;
  const auto& request = exchange_of(exchange).request;
  const indrik_request whole{.struct_size = out->struct_size,
                             .minor_version = request.minor_version,
                             .method = text_of(request.method),
                             .target = text_of(request.target),
                             .path = text_of(request.path),
                             .query = text_of(request.query),
                             .body = text_of(request.body),
                             .peer = text_of(request.peer),
                             .scheme = text_of(request.scheme),
                             .field_count = request.fields.size(),
                             .remote = text_of(request.remote),
                             .host = text_of(request.host()),
                             .prefix = text_of(request.prefix)};
  std::memcpy(out, &whole, std::min<std::size_t>(out->struct_size, sizeof whole));
  return INDRIK_OK;
}

std::int32_t field(const indrik_exchange* exchange, indrik_text name, indrik_text* value) noexcept {
  const auto found = exchange_of(exchange).request.field(view_of(name));
  if (!found) return INDRIK_E_NOT_FOUND;
  *value = text_of(*found);
  return INDRIK_OK;
}

std::uint64_t fields(const indrik_exchange* exchange, std::uint64_t first, indrik_field* out,
                     std::uint64_t capacity) noexcept {
  return copy_fields(exchange_of(exchange).request.fields, first, out, capacity);
}

std::int32_t param(const indrik_exchange* exchange, indrik_text name, indrik_text* value) noexcept {
  const auto found = exchange_of(exchange).request.param(view_of(name));
  if (!found) return INDRIK_E_NOT_FOUND;
  *value = text_of(*found);
  return INDRIK_OK;
}

}  // namespace

constinit const indrik_http_request kHttpRequest{
    .struct_size = sizeof(indrik_http_request), .read = read, .field = field, .fields = fields, .param = param};

}  // namespace indrik::plugin
