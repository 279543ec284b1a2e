#pragma once

#include <indrik/ext/stream.h>

#include <string>

#include "stream/conversation.h"

namespace indrik::plugin {

/// A plugin's stream as the engine sees it. Gives the plugin's user data back when it goes. Lives no longer than the
/// Instance that added it.
class StreamHandler final : public stream::Handler {
 public:
  /// `given` has at least one handler. Owns given.user_data from here on.
  StreamHandler(const indrik_stream_handler& given, std::string plugin_name);
  StreamHandler(const StreamHandler&) = delete;
  StreamHandler& operator=(const StreamHandler&) = delete;
  ~StreamHandler() override;

  Flavours flavours() const noexcept override;
  void serve(stream::Conversation& conversation) noexcept override;
  void start(stream::Conversation& conversation) noexcept override;
  std::string_view plugin() const noexcept override { return plugin_; }
  std::string_view name() const noexcept override { return name_; }

 private:
  std::int32_t (*serve_)(void* user_data, indrik_connection* connection);
  std::int32_t (*start_)(void* user_data, indrik_connection* connection);
  void* user_data_;
  void (*free_user_data_)(void* user_data);
  std::string plugin_;
  std::string name_;
};

}  // namespace indrik::plugin
