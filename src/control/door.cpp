#include "control/door.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace indrik::control {
namespace {

/// Of one turn of the master's loop: the rest waits in the socket's queue.
constexpr int kMostAtOnce = 16;
/// After an accept(2) that failed for want of descriptors or memory: the loop must not spin.
constexpr milliseconds kRest{1'000};

/// Who it is, as of its connect(2); none: it cannot be said.
std::optional<ucred> peer_of(int fd) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer;
}

Answer refusal(std::string text) { return {.outcome = Outcome::refused, .text = std::move(text)}; }

/// Says it to somebody who is not let in, as far as the socket takes it.
void turn_away(const Fd& fd, std::string text) noexcept {
  const auto line = encode(refusal(std::move(text)));
  (void)!::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

void Door::watch(std::vector<pollfd>& sources) const {
  const bool rests = rests_until_ != TimePoint::min();
  if (listener_ && !rests) sources.push_back({.fd = listener_->fd(), .events = POLLIN, .revents = 0});
  for (const auto& client : clients_) {
    short events = 0;  // the end of the connection is always told
    if (client.stage == Stage::asking) events = POLLIN;
    if (client.stage == Stage::hearing) events = POLLOUT;
    sources.push_back({.fd = client.fd.get(), .events = events, .revents = 0});
  }
}

TimePoint Door::next_deadline() const noexcept {
  auto next = rests_until_ != TimePoint::min() ? rests_until_ : TimePoint::max();
  for (const auto& client : clients_) next = std::min(next, client.deadline);
  return next;
}

std::vector<Door::Visit> Door::attend(TimePoint now) {
  std::vector<Visit> visits;
  for (auto& client : clients_) {
    if (client.stage == Stage::asking) read(client, now, visits);
    if (client.stage == Stage::hearing) write(client);
    if (client.stage == Stage::waiting && has_hung_up(client)) client.stage = Stage::leaving;
    if (client.stage == Stage::asking && client.deadline <= now) tell(client, refusal("no request came in time"), now);
    if (client.deadline <= now) client.stage = Stage::leaving;
  }
  if (rests_until_ <= now) rests_until_ = TimePoint::min();
  if (listener_ && rests_until_ == TimePoint::min()) let_in(now, visits);
  std::erase_if(clients_, [](const Client& client) { return client.stage == Stage::leaving; });
  return visits;
}

void Door::let_in(TimePoint now, std::vector<Visit>& visits) {
  for (int i = 0; i < kMostAtOnce; ++i) {
    Fd fd{::accept4(listener_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!fd) {
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) rests_until_ = now + kRest;
      return;
    }
    const auto peer = peer_of(fd.get());
    if (!peer || !listens_to(peer->uid, ::geteuid())) {
      turn_away(fd, "only root, and the user that the server was started as, may ask");
      continue;
    }
    make_room(now);
    if (clients_.size() >= limits_.clients) {
      turn_away(fd, "too many others wait for an answer");
      continue;
    }
    clients_.push_back({.visitor = ++last_visitor_,
                        .fd = std::move(fd),
                        .pid = peer->pid,
                        .user = peer->uid,
                        .deadline = now + limits_.patience});
    read(clients_.back(), now, visits);  // most have asked already: a flood of silent ones cannot push them out
  }
}

/// Who says nothing makes room for who may have something to say.
void Door::make_room(TimePoint now) {
  std::erase_if(clients_, [](const Client& client) { return client.stage == Stage::leaving; });
  if (clients_.size() < limits_.clients) return;
  const auto silent = std::ranges::find(clients_, Stage::asking, &Client::stage);
  if (silent == clients_.end()) return;
  tell(*silent, refusal("too many others have come meanwhile"), now);
  clients_.erase(silent);
}

void Door::read(Client& client, TimePoint now, std::vector<Visit>& visits) {
  std::array<char, kLongestRequest> room;
  const auto size = ::recv(client.fd.get(), room.data(), kLongestRequest - client.line.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) {
    client.stage = Stage::leaving;
    return;
  }
  client.line.append(room.data(), static_cast<std::size_t>(size));
  const auto end = client.line.find('\n');
  if (end == std::string::npos) {
    if (size == 0) return tell(client, refusal("the line has no end"), now);
    if (client.line.size() >= kLongestRequest) tell(client, refusal("the line is too long"), now);
    return;
  }
  const auto request = parse_request(std::string_view{client.line}.substr(0, end));
  if (!request) return tell(client, refusal(request.error().text()), now);
  client.stage = Stage::waiting;
  client.deadline = TimePoint::max();
  visits.push_back({.visitor = client.visitor, .request = *request, .pid = client.pid, .user = client.user});
}

void Door::answer(Visitor visitor, const Answer& answer, TimePoint now) {
  const auto client = std::ranges::find(clients_, visitor, &Client::visitor);
  if (client == clients_.end() || client->stage != Stage::waiting) return;
  tell(*client, answer, now);
  if (client->stage == Stage::leaving) clients_.erase(client);
}

void Door::tell(Client& client, const Answer& answer, TimePoint now) {
  client.answer = encode(answer);
  client.stage = Stage::hearing;
  client.deadline = now + limits_.patience;
  write(client);
}

void Door::write(Client& client) {
  const auto size = ::send(client.fd.get(), client.answer.data(), client.answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size > 0) client.answer.erase(0, static_cast<std::size_t>(size));
  if (size < 0 || client.answer.empty()) client.stage = Stage::leaving;
}

bool Door::has_hung_up(const Client& client) noexcept {
  pollfd source{.fd = client.fd.get(), .events = 0, .revents = 0};
  return ::poll(&source, 1, 0) > 0;  // POLLHUP, POLLERR: who has only ended its own half still listens
}

void Door::farewell(const Answer& answer) {
  for (auto& client : clients_)
    if (client.stage == Stage::waiting) tell(client, answer, TimePoint::min());
}

void Door::take_over() {
  if (listener_) listener_->own_file();
  if (!retired_) return;
  retired_->own_file();
  retired_->close_and_unlink();
  retired_.reset();
}

void Door::hand_over() noexcept {
  if (listener_) listener_->leave_file();
  listener_.reset();
}

void Door::close() noexcept {
  if (listener_) listener_->close_and_unlink();
  listener_.reset();
}

void Door::close_in_child() noexcept {
  if (listener_) listener_->leave_file();
  listener_.reset();
  retired_.reset();
  clients_.clear();
}

}  // namespace indrik::control
