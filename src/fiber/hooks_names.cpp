#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/offload.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

// libc's resolver waits inside libc, where no hook reaches: it runs on a thread.
constexpr auto kHooked =
    std::to_array<std::string_view>({"getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyname2", "gethostbyaddr"});

constinit RealCall<decltype(::getaddrinfo)> real_getaddrinfo{"getaddrinfo"};
constinit RealCall<decltype(::getnameinfo)> real_getnameinfo{"getnameinfo"};
constinit RealCall<decltype(::gethostbyname)> real_gethostbyname{"gethostbyname"};
constinit RealCall<decltype(::gethostbyname2)> real_gethostbyname2{"gethostbyname2"};
constinit RealCall<decltype(::gethostbyaddr)> real_gethostbyaddr{"gethostbyaddr"};

std::optional<std::string> copy_of(const char* text) {
  return text != nullptr ? std::optional<std::string>{text} : std::nullopt;
}

const char* text_of(const std::optional<std::string>& text) noexcept { return text ? text->c_str() : nullptr; }

/// Asks nobody: no name is given, or it is an address, or must be one.
bool is_numeric(const char* node, int flags) {
  if (node == nullptr || (flags & AI_NUMERICHOST) != 0) return true;
  in_addr v4{};
  if (::inet_aton(node, &v4) != 0) return true;
  const std::string without_zone{node, std::strcspn(node, "%")};
  in6_addr v6{};
  return ::inet_pton(AF_INET6, without_zone.c_str(), &v6) == 1;
}

/// All that getaddrinfo(3) uses, its own: the fiber may be gone when it ends.
struct AddressLookup {
  std::optional<std::string> node, service;
  std::optional<addrinfo> hints;
  addrinfo* found = nullptr;
  int result = 0;

  AddressLookup() = default;
  ~AddressLookup() {
    if (found != nullptr) ::freeaddrinfo(found);
  }
  AddressLookup(const AddressLookup&) = delete;
  AddressLookup& operator=(const AddressLookup&) = delete;
  void run() noexcept { result = real_getaddrinfo(text_of(node), text_of(service), hints ? &*hints : nullptr, &found); }
};

int look_up(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  auto lookup = std::make_unique<AddressLookup>();
  lookup->node = copy_of(node);
  lookup->service = copy_of(service);
  if (hints != nullptr) lookup->hints = *hints;
  if (!run_until_cancelled(lookup)) {
    errno = ECANCELED;
    return EAI_SYSTEM;
  }
  if (lookup->result == 0) *found = std::exchange(lookup->found, nullptr);
  return lookup->result;
}

struct NameLookup {
  sockaddr_storage address{};
  socklen_t address_size = 0;
  std::vector<char> host, service;
  int flags = 0;
  int result = 0;

  void run() noexcept {
    result = real_getnameinfo(reinterpret_cast<const sockaddr*>(&address), address_size, data(host),
                              static_cast<socklen_t>(host.size()), data(service),
                              static_cast<socklen_t>(service.size()), flags);
  }
  static char* data(std::vector<char>& room) noexcept { return room.empty() ? nullptr : room.data(); }
};

/// What gethostbyname(3) and its kin answer from.
struct HostLookup {
  std::string name;
  std::vector<char> address;
  int family = AF_INET;
  std::vector<char> room = std::vector<char>(1024);
  hostent entry{};
  hostent* found = nullptr;
  int error = 0;

  void run() noexcept {
    while (ask() == ERANGE) room.resize(room.size() * 2);
    h_errno = error;
  }
  int ask() noexcept {
    if (address.empty())
      return ::gethostbyname2_r(name.c_str(), family, &entry, room.data(), room.size(), &found, &error);
    return ::gethostbyaddr_r(address.data(), static_cast<socklen_t>(address.size()), family, &entry, room.data(),
                             room.size(), &found, &error);
  }
};

/// Their answer is static, and good until the next call. Here it is this thread's: no other thread writes to it.
hostent* answer(std::unique_ptr<HostLookup> lookup) {
  if (!run_until_cancelled(lookup)) {
    errno = ECANCELED;
    h_errno = NETDB_INTERNAL;
    return nullptr;
  }
  thread_local std::unique_ptr<HostLookup> last;
  last = std::move(lookup);
  return last->found;
}

hostent* host_by_name(const char* name, int family) {
  auto lookup = std::make_unique<HostLookup>();
  lookup->name = name;
  lookup->family = family;
  return answer(std::move(lookup));
}

}  // namespace

SymbolNames names_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  if (!may_park() || is_numeric(node, hints != nullptr ? hints->ai_flags : 0))
    return real_getaddrinfo(node, service, hints, found);
  return look_up(node, service, hints, found);
}

int getnameinfo(const sockaddr* address, socklen_t address_size, char* host, socklen_t host_size, char* service,
                socklen_t service_size, int flags) {
  const bool asks = host != nullptr && host_size != 0 && (flags & NI_NUMERICHOST) == 0;
  if (!may_park() || !asks || address_size > sizeof(sockaddr_storage))
    return real_getnameinfo(address, address_size, host, host_size, service, service_size, flags);
  auto lookup = std::make_unique<NameLookup>();
  std::memcpy(&lookup->address, address, address_size);
  lookup->address_size = address_size;
  lookup->host.resize(host_size);
  lookup->service.resize(service != nullptr ? service_size : 0);
  lookup->flags = flags;
  if (!run_until_cancelled(lookup)) {
    errno = ECANCELED;
    return EAI_SYSTEM;
  }
  if (lookup->result == 0) {
    std::copy(lookup->host.begin(), lookup->host.end(), host);
    std::copy(lookup->service.begin(), lookup->service.end(), service);
  }
  return lookup->result;
}

hostent* gethostbyname(const char* name) {
  if (!may_park() || is_numeric(name, 0)) return real_gethostbyname(name);
  return host_by_name(name, AF_INET);
}

hostent* gethostbyname2(const char* name, int family) {
  if (!may_park() || is_numeric(name, 0)) return real_gethostbyname2(name, family);
  return host_by_name(name, family);
}

hostent* gethostbyaddr(const void* address, socklen_t size, int family) {
  if (!may_park() || size == 0 || size > sizeof(in6_addr)) return real_gethostbyaddr(address, size, family);
  auto lookup = std::make_unique<HostLookup>();
  const auto* const bytes = static_cast<const char*>(address);
  lookup->address.assign(bytes, bytes + size);
  lookup->family = family;
  return answer(std::move(lookup));
}

}  // extern "C"
