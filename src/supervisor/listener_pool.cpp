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

bool stays(const net::Listener& listener) noexcept {
  return listener.is_passed() || listener.asked().kind() == net::Address::Kind::inherited;
}

/// With a port of its own each, an address stands for as many sockets as its binding has copies.
std::vector<net::Address> asked_of(const Binding& binding) {
  std::vector<net::Address> asked;
  for (const auto& address : binding.addresses) {
    using Kind = net::Address::Kind;
    const bool has_port = address.kind() == Kind::inet || address.kind() == Kind::inet6;
    asked.insert(asked.end(), has_port && binding.options.reuse_port ? binding.copies : 1, address);
  }
  return asked;
}

}  // namespace

Result<net::Listener> ListenerPool::open_one(const net::Address& address, const Binding& binding,
                                             std::span<const net::Listener> opened) const {
  if (binding.options.reuse_port)
    for (const auto& listeners : {std::span{opened}, std::span<const net::Listener>{all_}})
      for (const auto& sibling : listeners)
        if (sibling.shares_port() && sibling.asked().text() == address.text())
          return net::Listener::open_beside(sibling, binding.options);
  return net::Listener::open(address, binding.options);
}

Result<ListenerPool::Names> ListenerPool::open(const Binding& binding) {
  auto missing = asked_of(binding);
  for (const auto& listener : all_) take_off(missing, listener);
  std::vector<net::Listener> opened;
  for (const auto& address : missing) {
    auto listener = open_one(address, binding, opened);
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
  auto asked = asked_of(binding);
  std::vector<net::Listener> kept;
  Names closed;
  for (auto& listener : all_) {
    if (take_off(asked, listener) || stays(listener)) {
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
  auto asked = asked_of(binding);
  std::vector<net::Listener> kept;
  for (auto& listener : all_)
    if (take_off(asked, listener) || listener.is_passed()) kept.push_back(std::move(listener));
  all_ = std::move(kept);
  return all_;
}

void ListenerPool::own_files() noexcept {
  for (auto& listener : all_) listener.own_file();
}

void ListenerPool::leave_files() noexcept {
  for (auto& listener : all_) listener.leave_file();
}

void ListenerPool::close_all() noexcept {
  for (auto& listener : all_) listener.close_and_unlink();
}

}  // namespace indrik::supervisor
