#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

#include "plugin/abi_text.h"
#include "plugin/host.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

constexpr std::uint32_t kFirstValueSize = offsetof(indrik_config_value, string) + sizeof(indrik_text);

/// Fills the one member that the type says.
struct ToAbi {
  indrik_config_value& out;
  void operator()(const std::string& text) const {
    out.type = INDRIK_CONFIG_STRING;
    out.string = text_of(text);
  }
  void operator()(std::int64_t number) const {
    out.type = INDRIK_CONFIG_INTEGER;
    out.integer = number;
  }
  void operator()(double number) const {
    out.type = INDRIK_CONFIG_FLOAT;
    out.floating = number;
  }
  void operator()(bool flag) const {
    out.type = INDRIK_CONFIG_BOOLEAN;
    out.boolean = flag ? 1 : 0;
  }
  void operator()(const std::vector<std::string>& items) const {
    out.type = INDRIK_CONFIG_STRING_ARRAY;
    out.count = items.size();
  }
};

/// While create() runs, one thread only, what is asked for is remembered: the rest are probably misspelt keys.
const Config::Value* find(const indrik_host* handle, std::string_view key) noexcept {
  auto& host = Host::of(handle);
  if (host.routes != nullptr) {
    try {
      host.keys_asked_for.emplace(key);
    } catch (const std::bad_alloc&) {  // a hint less
    }
  }
  return host.settings.find(key);
}

std::int32_t get(const indrik_host* host, indrik_text key, indrik_config_value* out) noexcept {
  if (out == nullptr || out->struct_size < kFirstValueSize) return INDRIK_E_INVALID;
  const auto* value = find(host, view_of(key));
  if (value == nullptr) return INDRIK_E_NOT_FOUND;
  indrik_config_value whole{.struct_size = out->struct_size};
  std::visit(ToAbi{whole}, *value);
  std::memcpy(out, &whole, std::min<std::size_t>(out->struct_size, sizeof whole));
  return INDRIK_OK;
}

std::int32_t item(const indrik_host* host, indrik_text key, std::uint64_t index, indrik_text* out) noexcept {
  if (out == nullptr) return INDRIK_E_INVALID;
  const auto* value = find(host, view_of(key));
  const auto* items = value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
  if (items == nullptr) return INDRIK_E_NOT_FOUND;
  if (index >= items->size()) return INDRIK_E_OUT_OF_RANGE;
  *out = text_of((*items)[index]);
  return INDRIK_OK;
}

}  // namespace

constinit const indrik_config kConfig{.struct_size = sizeof(indrik_config), .get = get, .item = item};

}  // namespace indrik::plugin
