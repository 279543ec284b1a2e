#include "log/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <iterator>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/no_park.h"
#include "base/strings.h"
#include "log/access_format.h"

namespace indrik::log {
namespace {

constexpr std::size_t kBatchBytes = 64 * 1024;

Result<Fd> open_target(const std::string& target) {
  const bool is_stdout = target == "-";
  // Non-blocking for a FIFO's sake, whose reader may sleep; a regular file does not know the flag. The flag would hang
  // on the terminal or pipe of everybody else if it were set on stdout: see can_take().
  Fd fd{is_stdout ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                  : ::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)};
  if (!fd) return fail(Error::from_errno(errno, "open the access log {}", is_stdout ? "on stdout" : target));
  return fd;
}

bool is_regular(int fd) noexcept {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

/// Whether a write of a few bytes would not wait now.
bool can_take(int fd) noexcept {
  pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&ready, 1, 0) == 1;
}

/// Appends what a client sent: quotes, backslashes and whatever is not printable ASCII as \", \\ and \xHH.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
}

void append_or_dash(std::string& out, std::string_view text) {
  if (text.empty())
    out += '-';
  else
    append_escaped(out, text);
}

template <class Number>
void append_number(std::string& out, Number number) {
  const fmt::format_int text{number};
  out.append(text.data(), text.size());
}

std::string_view field_of(const AccessEntry& entry, Atom atom, std::string_view name) {
  const auto get = atom == Atom::response_field ? entry.response_field : entry.request_field;
  return get == nullptr ? std::string_view{} : get(entry.fields, name).value_or(std::string_view{});
}

int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// The user of "Basic base64(user:password)" (RFC 7617), "-" for anything else. The password is never copied.
void append_user(std::string& out, std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return out.push_back('-');
  std::array<char, 128> user;
  std::size_t size = 0;
  unsigned bits = 0;
  unsigned value = 0;
  for (const char c : trim(authorization.substr(kScheme.size()))) {
    const int six = base64_value(c);
    if (six < 0) return out.push_back('-');
    value = value << 6U | static_cast<unsigned>(six);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const char byte = static_cast<char>(value >> bits & 0xffU);
    if (byte == ':') return append_or_dash(out, {user.data(), size});
    if (size == user.size()) break;
    user[size++] = byte;
  }
  out.push_back('-');
}

}  // namespace

struct AccessLog::State {
  std::string target;
  std::vector<Piece> pieces;
  Fd fd;
  bool regular = false;
  std::string batch;
  bool torn = false;  // the last write ended inside a line
  std::uint64_t dropped = 0;
  std::time_t time = -1;  // of time_text
  std::array<char, 40> time_text{};
  std::size_t time_size = 0;
  int pid = ::getpid();

  void append_request_line(const AccessEntry& entry);
  void append(const Piece& piece, const AccessEntry& entry);
  void append_duration(Atom atom, nanoseconds duration);
  std::string_view time_now();
};

std::string_view AccessLog::State::time_now() {
  if (const auto now = std::time(nullptr); now != time) {
    time = now;
    std::tm local{};
    ::localtime_r(&now, &local);
    time_size = std::strftime(time_text.data(), time_text.size(), "[%d/%b/%Y:%H:%M:%S %z]", &local);
  }
  return {time_text.data(), time_size};
}

void AccessLog::State::append_duration(Atom atom, nanoseconds duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  switch (atom) {
    case Atom::seconds:
      return append_number(batch, us / 1'000'000);
    case Atom::milliseconds:
      return append_number(batch, us / 1'000);
    case Atom::microseconds:
      return append_number(batch, us);
    default:
      fmt::format_to(std::back_inserter(batch), "{}.{:06}", us / 1'000'000, us % 1'000'000);
  }
}

void AccessLog::State::append_request_line(const AccessEntry& entry) {
  append_or_dash(batch, entry.method);
  if (entry.method.empty()) return;  // what came was no request
  batch += ' ';
  append_or_dash(batch, entry.target);
  batch += ' ';
  append_or_dash(batch, entry.protocol);
}

void AccessLog::State::append(const Piece& piece, const AccessEntry& entry) {
  switch (piece.atom) {
    case Atom::literal:
      batch += piece.text;
      break;
    case Atom::peer:
      append_or_dash(batch, entry.peer);
      break;
    case Atom::ident:
      batch += '-';
      break;
    case Atom::user:
      append_user(batch, field_of(entry, Atom::request_field, "authorization"));
      break;
    case Atom::time:
      batch += time_now();
      break;
    case Atom::request_line:
      append_request_line(entry);
      break;
    case Atom::method:
      append_or_dash(batch, entry.method);
      break;
    case Atom::path:
      append_or_dash(batch, entry.path);
      break;
    case Atom::query:
      append_escaped(batch, entry.query);
      break;
    case Atom::protocol:
      append_or_dash(batch, entry.protocol);
      break;
    case Atom::status:
      append_number(batch, entry.status);
      break;
    case Atom::bytes:
    case Atom::bytes_or_dash:
      append_number(batch, entry.body_bytes);
      break;
    case Atom::referer:
      append_or_dash(batch, field_of(entry, Atom::request_field, "referer"));
      break;
    case Atom::user_agent:
      append_or_dash(batch, field_of(entry, Atom::request_field, "user-agent"));
      break;
    case Atom::seconds:
    case Atom::milliseconds:
    case Atom::microseconds:
    case Atom::exact_seconds:
      append_duration(piece.atom, entry.duration);
      break;
    case Atom::pid:
      fmt::format_to(std::back_inserter(batch), "<{}>", pid);
      break;
    case Atom::request_field:
    case Atom::response_field:
      append_or_dash(batch, field_of(entry, piece.atom, piece.text));
      break;
  }
}

AccessLog::AccessLog(std::unique_ptr<State> state) noexcept : state_{std::move(state)} {}
AccessLog::AccessLog(AccessLog&&) noexcept = default;
AccessLog::~AccessLog() {
  if (state_) flush();
}

Result<AccessLog> AccessLog::open(const std::string& target, std::string_view format) {
  auto pieces = compile_access_format(format);
  if (!pieces) return fail(std::move(pieces).error());
  auto fd = open_target(target);
  if (!fd) return fail(std::move(fd).error());
  auto state = std::make_unique<State>();
  state->target = target;
  state->pieces = *std::move(pieces);
  state->fd = *std::move(fd);
  state->regular = is_regular(state->fd.get());
  // One line more than a batch, so that a warm log allocates nothing.
  state->batch.reserve(kBatchBytes + 16 * 1024);
  return AccessLog{std::move(state)};
}

Result<void> AccessLog::check_format(std::string_view format) {
  auto pieces = compile_access_format(format);
  if (!pieces) return fail(std::move(pieces).error());
  return {};
}

void AccessLog::record(const AccessEntry& entry) noexcept {
  if (std::exchange(state_->torn, false)) state_->batch += '\n';
  for (const auto& piece : state_->pieces) state_->append(piece, entry);
  state_->batch += '\n';
  if (state_->batch.size() >= kBatchBytes) flush();
}

bool AccessLog::has_unwritten() const noexcept { return !state_->batch.empty(); }

void AccessLog::flush() noexcept {
  const NoPark no_park;
  std::string_view rest = state_->batch;
  // A pipe gets no more than PIPE_BUF at once: poll(2) promises room for that much, and such a write is never mixed
  // with another worker's. Only whole lines go, but for a line that is longer by itself.
  while (!rest.empty()) {
    std::size_t size = rest.size();
    if (!state_->regular) {
      if (!can_take(state_->fd.get())) break;
      if (size > PIPE_BUF) {
        const auto line_end = rest.rfind('\n', PIPE_BUF - 1);
        size = line_end == std::string_view::npos ? PIPE_BUF : line_end + 1;
      }
    }
    const auto written = ::write(state_->fd.get(), rest.data(), size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  state_->dropped += static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
  state_->torn = !rest.empty() && rest.size() < state_->batch.size() && *std::prev(rest.begin()) != '\n';
  state_->batch.clear();
}

std::uint64_t AccessLog::dropped_lines() const noexcept { return state_->dropped; }

Result<void> AccessLog::reopen() {
  flush();
  if (state_->target == "-") return {};
  auto fd = open_target(state_->target);
  if (!fd) return fail(std::move(fd).error());
  state_->fd = *std::move(fd);
  state_->regular = is_regular(state_->fd.get());
  return {};
}

}  // namespace indrik::log
