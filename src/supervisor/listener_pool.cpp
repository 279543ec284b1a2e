#include "supervisor/listener_pool.h"

#include <algorithm>
#include <utility>

namespace indrik::supervisor {
namespace {

/// Takes the listener's address off the list of those that are asked for; false: nobody asks for it. One by one: a
/// list may name 127.0.0.1:0 twice and means two ports.
bool take_off(std::vector<net::Address>& asked, const net::Listener& listener) {
  const auto found = std::find_if(asked.begin(), asked.end(), [text = listener.asked().text()](const auto& address) {
    return address.text() == text;
  });
  if (found == asked.end()) return false;
  asked.erase(found);
  return true;
}

}  // namespace

Result<ListenerPool::Names> ListenerPool::open(const Binding& binding) {
  auto missing = binding.addresses;
  for (const auto& listener : all_) take_off(missing, listener);
  std::vector<net::Listener> opened;
  for (const auto& address : missing) {
    auto listener = net::Listener::open(address, binding.options);
    if (!listener) {
      for (auto& other : opened) other.close_and_unlink();
      return fail(std::move(listener).error());
    }
    opened.push_back(*std::move(listener));
  }
  Names names;
  for (auto& listener : opened) {
    names.push_back(listener.address().text());
    all_.push_back(std::move(listener));
  }
  return names;
}

ListenerPool::Names ListenerPool::close_others(const Binding& binding) {
  auto asked = binding.addresses;
  std::vector<net::Listener> kept;
  Names closed;
  for (auto& listener : all_) {
    if (take_off(asked, listener) || listener.asked().kind() == net::Address::Kind::inherited) {
      kept.push_back(std::move(listener));
    } else {
      closed.push_back(listener.address().text());
      listener.close_and_unlink();
    }
  }
  all_ = std::move(kept);
  return closed;
}

std::span<net::Listener> ListenerPool::reduce_to(const Binding& binding) {
  auto asked = binding.addresses;
  std::vector<net::Listener> kept;
  for (auto& listener : all_)
    if (take_off(asked, listener)) kept.push_back(std::move(listener));
  all_ = std::move(kept);
  return all_;
}

void ListenerPool::close_all() noexcept {
  for (auto& listener : all_) listener.close_and_unlink();
}

}  // namespace indrik::supervisor
