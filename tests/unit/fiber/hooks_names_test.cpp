#include <arpa/inet.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <resolv.h>

#include <array>
#include <cerrno>
#include <string>

#include "fiber/offload.h"
#include "unit/fiber/conformance.h"

namespace indrik::fiber {
namespace {

using namespace std::chrono_literals;

/// Compares texts, too.
class NamesHookTest : public PollLoopTest {
 protected:
  void expect_the_same(const std::function<std::string()>& steps) {
    const auto plain = steps();
    std::string inside;
    in_fiber([&] { inside = steps(); });
    EXPECT_EQ(inside, plain);
    EXPECT_NE(plain, "");
  }
  /// Whether the loop turned while the fiber was in it: it parked.
  bool parks(const std::function<void()>& call) {
    bool other_ran_first = false;
    bool done = false;
    start([&] {
      call();
      done = true;
    });
    other_ran_first = !done;
    finish();
    return other_ran_first;
  }
};

std::string addresses_of(const char* node, const char* service, int flags = 0) {
  const addrinfo hints{.ai_flags = flags, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  std::string text = std::to_string(::getaddrinfo(node, service, &hints, &found));
  for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    ::getnameinfo(entry->ai_addr, entry->ai_addrlen, host.data(), host.size(), port.data(), port.size(),
                  NI_NUMERICHOST | NI_NUMERICSERV);
    text += std::string{" "} + host.data() + ":" + port.data();
  }
  if (found != nullptr) ::freeaddrinfo(found);
  return text;
}

TEST_F(NamesHookTest, GetaddrinfoAnswersAsOutsideOfFibers) {
  expect_the_same([] { return addresses_of("localhost", "80"); });
  expect_the_same([] { return addresses_of("127.0.0.1", "http"); });
  expect_the_same([] { return addresses_of("::1", nullptr); });
  expect_the_same([] { return addresses_of("localhost", nullptr, AI_NUMERICHOST); });
  expect_the_same([] { return addresses_of(nullptr, "80", AI_PASSIVE); });
  expect_the_same([] { return addresses_of(nullptr, nullptr); });
  expect_the_same([] { return addresses_of("localhost", "no-such-service"); });
}

TEST_F(NamesHookTest, LooksUpNamesOnAThreadAndAddressesAtOnce) {
  EXPECT_TRUE(parks([] { addresses_of("localhost", "80"); }));
  EXPECT_FALSE(parks([] { addresses_of("127.0.0.1", "80"); }));
  EXPECT_FALSE(parks([] { addresses_of("fe80::1%1", "80"); }));
  EXPECT_FALSE(parks([] { addresses_of("localhost", "80", AI_NUMERICHOST); }));
}

TEST_F(NamesHookTest, GetnameinfoAnswersAsOutsideOfFibers) {
  const sockaddr_in loopback{
      .sin_family = AF_INET, .sin_port = htons(80), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  const auto name_of = [&](socklen_t size, int flags, socklen_t host_size) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> service{};
    const int result = ::getnameinfo(reinterpret_cast<const sockaddr*>(&loopback), size, host.data(), host_size,
                                     service.data(), service.size(), flags);
    return std::to_string(result) + " " + host.data() + " " + service.data();
  };
  for (const int flags : {0, NI_NUMERICHOST, NI_NUMERICSERV, NI_NAMEREQD}) {
    expect_the_same([&] { return name_of(sizeof loopback, flags, NI_MAXHOST); });
    expect_the_same([&] { return name_of(3, flags, NI_MAXHOST); });
    expect_the_same([&] { return name_of(sizeof loopback, flags, 2); });
  }
}

std::string text_of(const hostent* entry) {
  if (entry == nullptr) return "none " + std::to_string(h_errno);
  std::string text = entry->h_name;
  for (char** address = entry->h_addr_list; *address != nullptr; ++address) {
    std::array<char, INET6_ADDRSTRLEN> written{};
    text += std::string{" "} + ::inet_ntop(entry->h_addrtype, *address, written.data(), written.size());
  }
  return text;
}

TEST_F(NamesHookTest, GethostbynameAndItsKinAnswerAsOutsideOfFibers) {
  const in_addr loopback{htonl(INADDR_LOOPBACK)};
  for (const char* name : {"localhost", "127.0.0.1", "::1", "not a name"}) {
    SCOPED_TRACE(name);
    expect_the_same([&] { return text_of(::gethostbyname(name)); });
    expect_the_same([&] { return text_of(::gethostbyname2(name, AF_INET6)); });
    expect_the_same([&] {
      std::array<char, 4096> room{};
      hostent entry{};
      hostent* found = nullptr;
      int error = 0;
      const int result = ::gethostbyname_r(name, &entry, room.data(), room.size(), &found, &error);
      return std::to_string(result) + (found != nullptr ? text_of(found) : std::to_string(error));
    });
    expect_the_same([&] {
      std::array<char, 4> small{};
      hostent entry{};
      hostent* found = nullptr;
      int error = 0;
      return std::to_string(::gethostbyname2_r(name, AF_INET, &entry, small.data(), small.size(), &found, &error));
    });
  }
  expect_the_same([&] { return text_of(::gethostbyaddr(&loopback, sizeof loopback, AF_INET)); });
  expect_the_same([&] {
    std::array<char, 4096> room{};
    hostent entry{};
    hostent* found = nullptr;
    int error = 0;
    const int result =
        ::gethostbyaddr_r(&loopback, sizeof loopback, AF_INET, &entry, room.data(), room.size(), &found, &error);
    return std::to_string(result) + (found != nullptr ? text_of(found) : std::to_string(error));
  });
}

TEST_F(NamesHookTest, KeepsAnAnswerUntilTheNextCallOfItsThread) {
  in_fiber([] {
    const auto* const first = ::gethostbyname("localhost");
    ASSERT_NE(first, nullptr);
    sleep_for(2ms);
    EXPECT_STREQ(first->h_name, "localhost");
  });
}

TEST_F(NamesHookTest, AccountsAndServicesAreFoundAsOutsideOfFibers) {
  std::array<char, 4096> room{};
  expect_the_same([&] {
    passwd entry{};
    passwd* found = nullptr;
    std::string text = std::to_string(::getpwnam_r("root", &entry, room.data(), room.size(), &found));
    text += found->pw_name;
    text += std::to_string(::getpwuid_r(0, &entry, room.data(), room.size(), &found));
    text += std::to_string(::getpwnam_r("no such user", &entry, room.data(), room.size(), &found));
    return text + (found != nullptr ? "found" : "none");
  });
  expect_the_same([&] {
    group entry{};
    group* found = nullptr;
    std::string text = std::to_string(::getgrnam_r("root", &entry, room.data(), room.size(), &found));
    text += found->gr_name;
    text += std::to_string(::getgrgid_r(0, &entry, room.data(), 1, &found));
    return text + (found != nullptr ? "found" : "none");
  });
  expect_the_same([&] {
    servent entry{};
    servent* found = nullptr;
    const int by_name = ::getservbyname_r("no-such-service", "tcp", &entry, room.data(), room.size(), &found);
    const int by_port = ::getservbyport_r(0, "tcp", &entry, room.data(), room.size(), &found);
    return std::to_string(by_name) + "," + std::to_string(by_port);
  });
}

TEST_F(NamesHookTest, TheResolversOwnCallsAnswerAsOutsideOfFibers) {
  // A name and a question too long to be asked need no server.
  const std::string too_long(300, 'a');
  const std::string many = too_long + "." + too_long;
  std::array<unsigned char, 512> reply{};
  const std::array<unsigned char, 4> no_question{};
  const auto size = static_cast<int>(reply.size());
  expect_the_same([&] {
    auto* const state = &_res;
    std::string text;
    const auto add = [&](int result) { text += std::to_string(result) + " "; };
    add(::res_query(many.c_str(), ns_c_in, ns_t_a, reply.data(), size));
    add(::res_search(many.c_str(), ns_c_in, ns_t_a, reply.data(), size));
    add(::res_querydomain(too_long.c_str(), too_long.c_str(), ns_c_in, ns_t_a, reply.data(), size));
    add(::res_send(no_question.data(), 0, reply.data(), 4));
    add(::res_nquery(state, many.c_str(), ns_c_in, ns_t_a, reply.data(), size));
    add(::res_nsearch(state, many.c_str(), ns_c_in, ns_t_a, reply.data(), size));
    add(::res_nquerydomain(state, too_long.c_str(), too_long.c_str(), ns_c_in, ns_t_a, reply.data(), size));
    add(::res_nsend(state, no_question.data(), 0, reply.data(), 4));
    return text;
  });
}

TEST_F(NamesHookTest, GiveUpWhenTheirTaskIsCancelled) {
  int result = 0;
  int error = 0;
  Fiber* const asker = start([&] {
    addrinfo* found = nullptr;
    result = ::getaddrinfo("localhost", "80", nullptr, &found);
    error = errno;
  });
  cancel(*asker);
  EXPECT_EQ(result, EAI_SYSTEM);
  EXPECT_EQ(error, ECANCELED);
  finish();
  loop.run_until([&] { return loop.jobs() == 0; });  // what was left ends by itself, and frees what it found
}

TEST_F(NamesHookTest, CarriesErrnoFromTheThread) {
  in_fiber([] {
    errno = 0;
    EXPECT_EQ(run_on_thread([] {
                errno = EDOM;
                return 5;
              }),
              5);
    EXPECT_EQ(errno, EDOM);
  });
}

}  // namespace
}  // namespace indrik::fiber
