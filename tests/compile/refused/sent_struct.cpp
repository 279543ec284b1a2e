// REFUSED: give the value a name before co_await, and send that
#include <indrik/indrik.hpp>

struct Message {
  std::string text;
};

indrik::Task<> send_one(indrik::Channel<Message>& channel) { co_await channel.async_send(Message{.text = "text"}); }
