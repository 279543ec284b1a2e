// A closed-loop load: many connections on one thread, each of which sends its next request when the last is answered.
//
//   load ADDRESS CONNECTIONS REQUESTS TARGET...       ADDRESS: 127.0.0.1:8080 or unix:/path
//
// Each request takes one of the targets by chance; "{n}" in it becomes a number from 0 to n. A target that begins with
// "!" is left alone after 0 to 10 ms: the client closes its connection. Prints the answers by status, the rate, and how
// long they took. "hold" as a fifth word before the targets: every connection sends each target once, all at the same
// time, and between two targets the client says so and waits for a line on its stdin.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

[[noreturn]] void die(const std::string& what) {
  std::perror(("load: " + what).c_str());
  std::exit(1);
}

struct Address {
  explicit Address(const std::string& text) {
    if (text.starts_with("unix:")) {
      unix_.sun_family = AF_UNIX;
      std::strncpy(unix_.sun_path, text.c_str() + 5, sizeof unix_.sun_path - 1);
      return;
    }
    const auto colon = text.rfind(':');
    inet_.sin_family = AF_INET;
    inet_.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
    if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &inet_.sin_addr) != 1) die("address " + text);
  }
  int connect() const {
    const bool local = unix_.sun_family == AF_UNIX;
    // Blocking until it stands: the server's queue then holds the client back, and nothing fails.
    const int fd = ::socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto* const address =
        local ? reinterpret_cast<const sockaddr*>(&unix_) : reinterpret_cast<const sockaddr*>(&inet_);
    if (fd < 0 || ::connect(fd, address, local ? sizeof unix_ : sizeof inet_) != 0) die("connect");
    return fd;
  }

 private:
  sockaddr_un unix_{};
  sockaddr_in inet_{};
};

class Load {
 public:
  Load(const std::string& address, std::size_t connections, std::size_t requests, bool hold,
       std::vector<std::string> targets)
      : address_{address}, requests_{requests}, hold_{hold}, targets_{std::move(targets)}, clients_(connections) {}

  void run() {
    const auto begun = Clock::now();
    for (auto& client : clients_) connect(client);
    if (hold_) {
      for (std::size_t i = 0; i < targets_.size(); ++i) run_phase(i);
    } else {
      for (auto& client : clients_) send_next(client);
      while (ended_ < sent_) turn();
    }
    report(Clock::now() - begun);
  }

 private:
  struct Client {
    int fd = -1;
    std::uint64_t number = 0;  // of its request: what hangs up by the clock must not meet another
    bool waits = false;
    Clock::time_point sent;
    std::string input;
  };
  struct HangUp {
    Clock::time_point due;
    Client* client;
    std::uint64_t number;
    bool operator<(const HangUp& other) const { return due > other.due; }
  };

  void run_phase(std::size_t which) {
    for (auto& client : clients_) send(client, targets_[which]);
    std::cout << "sent " << targets_[which] << std::endl;
    while (ended_ < sent_) turn();
    std::cout << "answered " << targets_[which] << std::endl;
    for (std::string line; which + 1 < targets_.size() && !std::getline(std::cin, line);) std::exit(1);
  }

  void turn() {
    epoll_event events[256];
    const auto due =
        hang_ups_.empty() ? 1000ms : std::chrono::ceil<std::chrono::milliseconds>(hang_ups_.top().due - Clock::now());
    const int count = ::epoll_wait(epoll_, events, 256, static_cast<int>(std::clamp<long>(due.count(), 0, 1000)));
    for (int i = 0; i < count; ++i) on_input(*static_cast<Client*>(events[i].data.ptr));
    for (; !hang_ups_.empty() && hang_ups_.top().due <= Clock::now(); hang_ups_.pop()) {
      auto& client = *hang_ups_.top().client;
      if (!client.waits || client.number != hang_ups_.top().number) continue;
      ++left_;
      end(client);
      reconnect(client);
    }
  }

  void connect(Client& client) {
    client.fd = address_.connect();
    client.input.clear();
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &client}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event) != 0) die("epoll_ctl");
  }
  void reconnect(Client& client) {
    ::close(client.fd);
    connect(client);
    send_next(client);
  }

  void send_next(Client& client) {
    if (hold_ || sent_ == requests_) return;
    send(client, targets_[random_() % targets_.size()]);
  }
  void send(Client& client, std::string_view target) {
    const bool leaves = target.starts_with('!');
    std::string request = "GET ";
    for (auto rest = target.substr(leaves ? 1 : 0); !rest.empty();) {
      const auto hole = std::min(rest.find('{'), rest.size());
      request += rest.substr(0, hole);
      if (hole == rest.size()) break;
      request += std::to_string(random_() % (std::strtoul(rest.data() + hole + 1, nullptr, 10) + 1));
      rest.remove_prefix(rest.find('}') + 1);
    }
    request += " HTTP/1.1\r\nHost: load\r\n\r\n";
    if (::send(client.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
      if (errno != EPIPE && errno != ECONNRESET) die("send");
      return reconnect(client);  // it was closed while it was idle
    }
    client.waits = true;
    client.sent = Clock::now();
    ++client.number;
    ++sent_;
    if (leaves) hang_ups_.push({client.sent + std::chrono::microseconds{random_() % 10'000}, &client, client.number});
  }

  void on_input(Client& client) {
    char bytes[16384];
    const auto size = ::recv(client.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      if (client.waits) {
        ++statuses_[0];
        end(client);
      }
      return reconnect(client);
    }
    client.input.append(bytes, static_cast<std::size_t>(size));
    const auto head = client.input.find("\r\n\r\n");
    if (head == std::string::npos || !client.waits) return;
    const auto length = client.input.find("Content-Length: ");
    const auto body = length < head ? std::strtoul(client.input.c_str() + length + 16, nullptr, 10) : 0;
    if (client.input.size() < head + 4 + body) return;
    ++statuses_[std::atoi(client.input.c_str() + 9)];
    took_us_.push_back(static_cast<std::uint32_t>((Clock::now() - client.sent) / 1us));
    const bool closes = client.input.find("Connection: close") < head;
    client.input.clear();
    end(client);
    closes ? reconnect(client) : send_next(client);
  }
  void end(Client& client) {
    client.waits = false;
    ++ended_;
  }

  void report(Clock::duration took) {
    for (const auto& [status, count] : statuses_)
      std::cout << count << " x " << (status == 0 ? "no answer" : std::to_string(status)) << ", ";
    const auto rate = static_cast<double>(ended_) / std::chrono::duration<double>(took).count();
    std::cout << left_ << " left alone; " << static_cast<long>(rate) << " a second";
    if (!took_us_.empty()) {
      const auto at = [this](double part) {
        const auto nth =
            took_us_.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(took_us_.size() - 1));
        std::nth_element(took_us_.begin(), nth, took_us_.end());
        return *nth / 1000.0;
      };
      std::cout << "; p50 " << at(0.5) << " ms, p99 " << at(0.99) << " ms, longest " << at(1) << " ms";
    }
    std::cout << std::endl;
  }

  const Address address_;
  const std::size_t requests_;
  const bool hold_;
  const std::vector<std::string> targets_;
  std::vector<Client> clients_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::minstd_rand random_{1};
  std::priority_queue<HangUp> hang_ups_;
  std::uint64_t sent_ = 0, ended_ = 0, left_ = 0;
  std::map<int, std::uint64_t> statuses_;
  std::vector<std::uint32_t> took_us_;
};

}  // namespace

int main(int count, char** words) {
  const bool hold = count > 5 && std::string_view{words[4]} == "hold";
  if (count < 5) return std::fputs("usage: load ADDRESS CONNECTIONS REQUESTS [hold] TARGET...\n", stderr), 2;
  Load{words[1], std::strtoul(words[2], nullptr, 10), std::strtoul(words[3], nullptr, 10), hold,
       std::vector<std::string>{words + (hold ? 5 : 4), words + count}}
      .run();
}
