// An open-loop load at a constant rate: requests are due by the clock, whether or not those before have been answered,
// and a latency counts from when its request was due. A closed loop (load.cpp, wrk) sends nothing while the server
// stands still, and so leaves out those who would have waited longest.
//
//   constant_rate PORT TARGET RATE CONNECTIONS SECONDS [WARM-UP SECONDS]
//
// Requests take the connections in turn; one that is due while all are busy waits for the first to become free, and its
// clock runs. Prints the rate that was answered, what failed, how late the client itself was (p99 of sent after due),
// and the quantiles of the latency in milliseconds, the warm-up left out. One thread.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// The value of a field of the head; nothing if it has none of the name.
std::optional<std::string_view> field(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const auto value = line.substr(name.size() + 1);
    return value.substr(std::min(value.find_first_not_of(' '), value.size()));
  }
  return {};
}

/// Whether the text, which begins with an answer, has all of it.
bool is_complete(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == text.npos) return false;
  const auto head = text.substr(0, end);
  if (field(head, "Transfer-Encoding")) return text.ends_with("\r\n0\r\n\r\n");
  const auto length = field(head, "Content-Length");
  return !length || text.size() >= end + 4 + std::strtoul(length->data(), nullptr, 10);
}

struct Plan {
  std::uint16_t port;
  std::string request;
  double rate;
  std::size_t connections;
  std::uint64_t warm_up, measured;  // requests
};

class ConstantRate {
 public:
  explicit ConstantRate(Plan plan) : plan_{std::move(plan)}, clients_(plan_.connections) {
    latencies_.reserve(plan_.measured);
    lateness_.reserve(plan_.measured);
    for (auto& client : clients_) {
      connect(client);
      idle_.push_back(&client);
    }
  }

  void run() {
    const auto total = plan_.warm_up + plan_.measured;
    begun_ = Clock::now();
    const auto patience = due(total) + 5s;
    while (ended_ < total && Clock::now() < patience) {
      for (auto now = Clock::now(); sent_ < total && !idle_.empty() && due(sent_) <= now; now = Clock::now())
        send_next(now);
      wait(total);
    }
    report(total);
  }

 private:
  struct Client {
    int fd = -1;
    std::optional<std::uint64_t> asked;  // the number of its request, while it waits
    std::string input;
  };

  Clock::time_point due(std::uint64_t number) const {
    return begun_ + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>{static_cast<double>(number) / plan_.rate});
  }

  void connect(Client& client) {
    const int one = 1;
    client.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(plan_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Blocking until it stands: the server's queue then holds the client back, and nothing fails.
    if (client.fd < 0 || ::connect(client.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      die("constant_rate: connect");
    ::setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &client}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event) != 0) die("constant_rate: epoll_ctl");
  }

  void send_next(Clock::time_point now) {
    auto& client = *idle_.front();
    idle_.pop_front();
    const auto number = sent_++;
    client.asked = number;
    if (number >= plan_.warm_up) lateness_.push_back(now - due(number));
    const auto size = ::send(client.fd, plan_.request.data(), plan_.request.size(), MSG_NOSIGNAL);
    if (size != static_cast<ssize_t>(plan_.request.size())) fail(client);
  }

  void wait(std::uint64_t total) {
    std::array<epoll_event, 256> events;
    auto longest = std::chrono::nanoseconds{100ms};
    if (sent_ < total && !idle_.empty())
      longest = std::clamp(std::chrono::nanoseconds{due(sent_) - Clock::now()}, 0ns, longest);
    const timespec timeout{.tv_sec = 0, .tv_nsec = longest.count()};
    const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) on_input(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr));
  }

  void on_input(Client& client) {
    std::array<char, 16384> bytes;
    const auto size = ::recv(client.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return fail(client);
    client.input.append(bytes.data(), static_cast<std::size_t>(size));
    if (!client.asked || !is_complete(client.input)) return;
    if (std::string_view{client.input}.substr(0, 12) != "HTTP/1.1 200") ++errors_;
    client.input.clear();
    end(client);
  }

  /// The connection is gone; whether or not somebody waited there, the next one gets a new one.
  void fail(Client& client) {
    ::close(client.fd);
    client.input.clear();
    connect(client);
    if (!client.asked) return;
    ++errors_;
    end(client);
  }

  void end(Client& client) {
    const auto number = *std::exchange(client.asked, std::nullopt);
    idle_.push_back(&client);
    ++ended_;
    if (number < plan_.warm_up) return;
    last_end_ = Clock::now();
    latencies_.push_back(last_end_ - due(number));
  }

  void report(std::uint64_t total) {
    // Those that were never answered have waited until now at least.
    for (auto& client : clients_)
      if (client.asked && *client.asked >= plan_.warm_up) latencies_.push_back(Clock::now() - due(*client.asked));
    errors_ += total - ended_;
    std::sort(latencies_.begin(), latencies_.end());
    std::sort(lateness_.begin(), lateness_.end());
    if (latencies_.empty()) return std::puts("constant_rate: nothing was sent"), std::exit(1);
    const std::chrono::duration<double> took = last_end_ - due(plan_.warm_up);
    std::printf("rate %.1f\nerrors %llu\nlate %.4f\n", static_cast<double>(latencies_.size()) / took.count(),
                static_cast<unsigned long long>(errors_), at(lateness_, 0.99));
    for (const auto& [name, part] :
         {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}})
      std::printf("%s %.4f\n", name, at(latencies_, part));
    // Ever closer to 1, five steps a decade, as far as there are requests to tell them apart.
    std::printf("quantile 0 %.4f\n", at(latencies_, 0));
    for (double rest = 0.8; rest * static_cast<double>(latencies_.size()) >= 1; rest *= 0.63095734448)
      std::printf("quantile %.7f %.4f\n", 1 - rest, at(latencies_, 1 - rest));
  }

  static double at(const std::vector<Clock::duration>& sorted, double part) {
    if (sorted.empty()) return 0;
    const auto index = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
    return std::chrono::duration<double, std::milli>{sorted[index]}.count();
  }

  const Plan plan_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Client> clients_;
  std::deque<Client*> idle_;
  Clock::time_point begun_, last_end_;
  std::uint64_t sent_ = 0, ended_ = 0, errors_ = 0;
  std::vector<Clock::duration> latencies_, lateness_;
};

}  // namespace

int main(int count, char** words) {
  if (count < 6 || count > 7) {
    std::fputs("usage: constant_rate PORT TARGET RATE CONNECTIONS SECONDS [WARM-UP SECONDS]\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_TIMERSLACK, 1);  // ns; the kernel may be 50 us late otherwise
  const double rate = std::atof(words[3]), warm_up = count == 7 ? std::atof(words[6]) : 0;
  if (rate <= 0 || std::atol(words[4]) <= 0)
    return std::fputs("constant_rate: RATE and CONNECTIONS must be above 0\n", stderr), 2;
  ConstantRate{{.port = static_cast<std::uint16_t>(std::atoi(words[1])),
                .request = "GET " + std::string{words[2]} + " HTTP/1.1\r\nHost: constant-rate\r\n\r\n",
                .rate = rate,
                .connections = std::strtoul(words[4], nullptr, 10),
                .warm_up = static_cast<std::uint64_t>(rate * warm_up),
                .measured = static_cast<std::uint64_t>(rate * std::atof(words[5]))}}
      .run();
}
