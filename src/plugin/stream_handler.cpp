#include "plugin/stream_handler.h"

#include <fmt/format.h>

#include "plugin/abi_text.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

void fail_for(stream::Conversation& conversation, std::int32_t code) {
  conversation.fail(fmt::format("the handler returned {} ({})", code, error_name(code)));
}

}  // namespace

StreamHandler::StreamHandler(const indrik_stream_handler& given, std::string plugin_name)
    : serve_{given.serve},
      start_{given.start},
      user_data_{given.user_data},
      free_user_data_{given.free_user_data},
      plugin_{std::move(plugin_name)},
      name_{view_of(given.name)} {}

StreamHandler::~StreamHandler() {
  if (free_user_data_ != nullptr) free_user_data_(user_data_);
}

stream::Handler::Flavours StreamHandler::flavours() const noexcept {
  if (start_ == nullptr) return Flavours::blocking;
  return serve_ == nullptr ? Flavours::async : Flavours::both;
}

void StreamHandler::serve(stream::Conversation& conversation) noexcept {
  if (const auto code = serve_(user_data_, handle_of(conversation)); code != INDRIK_OK) fail_for(conversation, code);
}

void StreamHandler::start(stream::Conversation& conversation) noexcept {
  const auto code = start_(user_data_, handle_of(conversation));
  if (code == INDRIK_OK) return;  // ended, or going to: the conversation may be gone
  fail_for(conversation, code);
  conversation.end();
}

}  // namespace indrik::plugin
