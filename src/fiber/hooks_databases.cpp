#include <grp.h>
#include <netdb.h>
#include <pwd.h>

#include <array>
#include <cerrno>

#include "fiber/blocking_call.h"
#include "fiber/hook_families.h"
#include "fiber/offload.h"
#include "fiber/real_call.h"

namespace indrik::fiber {
namespace {

// What the name service switch may ask a server for, and the resolver's own calls. They fill the caller's buffers:
// cancelling does not end them, their own timeouts do (resolv.conf(5)).
constexpr auto kHooked = std::to_array<std::string_view>(
    {"gethostbyname_r", "gethostbyname2_r", "gethostbyaddr_r", "getservbyname_r", "getservbyport_r", "getpwnam_r",
     "getpwuid_r", "getgrnam_r", "getgrgid_r", "res_query", "res_search", "res_querydomain", "res_send", "res_nquery",
     "res_nsearch", "res_nquerydomain", "res_nsend"});

using Bytes = unsigned char;

// <resolv.h> gives some of these names by macros.
using Query = int(const char*, int, int, Bytes*, int);
using QueryDomain = int(const char*, const char*, int, int, Bytes*, int);
using Send = int(const Bytes*, int, Bytes*, int);
using NQuery = int(void*, const char*, int, int, Bytes*, int);
using NQueryDomain = int(void*, const char*, const char*, int, int, Bytes*, int);
using NSend = int(void*, const Bytes*, int, Bytes*, int);

constinit RealCall<decltype(::gethostbyname_r)> real_gethostbyname_r{"gethostbyname_r"};
constinit RealCall<decltype(::gethostbyname2_r)> real_gethostbyname2_r{"gethostbyname2_r"};
constinit RealCall<decltype(::gethostbyaddr_r)> real_gethostbyaddr_r{"gethostbyaddr_r"};
constinit RealCall<decltype(::getservbyname_r)> real_getservbyname_r{"getservbyname_r"};
constinit RealCall<decltype(::getservbyport_r)> real_getservbyport_r{"getservbyport_r"};
constinit RealCall<decltype(::getpwnam_r)> real_getpwnam_r{"getpwnam_r"};
constinit RealCall<decltype(::getpwuid_r)> real_getpwuid_r{"getpwuid_r"};
constinit RealCall<decltype(::getgrnam_r)> real_getgrnam_r{"getgrnam_r"};
constinit RealCall<decltype(::getgrgid_r)> real_getgrgid_r{"getgrgid_r"};
constinit RealCall<Query> real_res_query{"res_query"};
constinit RealCall<Query> real_res_search{"res_search"};
constinit RealCall<QueryDomain> real_res_querydomain{"res_querydomain"};
constinit RealCall<Send> real_res_send{"res_send"};
constinit RealCall<NQuery> real_res_nquery{"res_nquery"};
constinit RealCall<NQuery> real_res_nsearch{"res_nsearch"};
constinit RealCall<NQueryDomain> real_res_nquerydomain{"res_nquerydomain"};
constinit RealCall<NSend> real_res_nsend{"res_nsend"};

template <class Function, class... Arguments>
int on_thread(RealCall<Function>& real, Arguments... arguments) noexcept {
  if (!may_park()) return real(arguments...);
  return run_on_thread([&]() noexcept { return real(arguments...); });
}

}  // namespace

SymbolNames databases_hooks() noexcept { return kHooked; }

}  // namespace indrik::fiber

extern "C" {

using namespace indrik::fiber;

int gethostbyname_r(const char* name, hostent* entry, char* room, std::size_t size, hostent** found, int* error) {
  return on_thread(real_gethostbyname_r, name, entry, room, size, found, error);
}

int gethostbyname2_r(const char* name, int family, hostent* entry, char* room, std::size_t size, hostent** found,
                     int* error) {
  return on_thread(real_gethostbyname2_r, name, family, entry, room, size, found, error);
}

int gethostbyaddr_r(const void* address, socklen_t address_size, int family, hostent* entry, char* room,
                    std::size_t size, hostent** found, int* error) {
  return on_thread(real_gethostbyaddr_r, address, address_size, family, entry, room, size, found, error);
}

int getservbyname_r(const char* name, const char* protocol, servent* entry, char* room, std::size_t size,
                    servent** found) {
  return on_thread(real_getservbyname_r, name, protocol, entry, room, size, found);
}

int getservbyport_r(int port, const char* protocol, servent* entry, char* room, std::size_t size, servent** found) {
  return on_thread(real_getservbyport_r, port, protocol, entry, room, size, found);
}

int getpwnam_r(const char* name, passwd* entry, char* room, std::size_t size, passwd** found) {
  return on_thread(real_getpwnam_r, name, entry, room, size, found);
}

int getpwuid_r(uid_t user, passwd* entry, char* room, std::size_t size, passwd** found) {
  return on_thread(real_getpwuid_r, user, entry, room, size, found);
}

int getgrnam_r(const char* name, group* entry, char* room, std::size_t size, group** found) {
  return on_thread(real_getgrnam_r, name, entry, room, size, found);
}

int getgrgid_r(gid_t id, group* entry, char* room, std::size_t size, group** found) {
  return on_thread(real_getgrgid_r, id, entry, room, size, found);
}

int res_query(const char* name, int of_class, int type, Bytes* answer, int size) {
  return on_thread(real_res_query, name, of_class, type, answer, size);
}

int res_search(const char* name, int of_class, int type, Bytes* answer, int size) {
  return on_thread(real_res_search, name, of_class, type, answer, size);
}

int res_querydomain(const char* name, const char* domain, int of_class, int type, Bytes* answer, int size) {
  return on_thread(real_res_querydomain, name, domain, of_class, type, answer, size);
}

int res_send(const Bytes* message, int message_size, Bytes* answer, int size) {
  return on_thread(real_res_send, message, message_size, answer, size);
}

int res_nquery(void* state, const char* name, int of_class, int type, Bytes* answer, int size) {
  return on_thread(real_res_nquery, state, name, of_class, type, answer, size);
}

int res_nsearch(void* state, const char* name, int of_class, int type, Bytes* answer, int size) {
  return on_thread(real_res_nsearch, state, name, of_class, type, answer, size);
}

int res_nquerydomain(void* state, const char* name, const char* domain, int of_class, int type, Bytes* answer,
                     int size) {
  return on_thread(real_res_nquerydomain, state, name, domain, of_class, type, answer, size);
}

int res_nsend(void* state, const Bytes* message, int message_size, Bytes* answer, int size) {
  return on_thread(real_res_nsend, state, message, message_size, answer, size);
}

}  // extern "C"
