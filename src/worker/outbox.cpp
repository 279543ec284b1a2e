#include "worker/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"

namespace indrik::worker {
namespace {

/// sendfile(2) tells the socket's failures and the file's by the same means: these are the socket's.
bool is_of_connection(int code) noexcept {
  constexpr std::array kCodes{EPIPE,        ECONNRESET,  ECONNABORTED, ETIMEDOUT, ENOTCONN,
                              EHOSTUNREACH, ENETUNREACH, ENETDOWN,     ENETRESET, ECONNREFUSED};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

/// Where an open file is found now; the kernel adds " (deleted)" where it is not.
std::string name_of(int file) {
  std::array<char, 4096> name;
  const auto link = fmt::format("/proc/self/fd/{}", file);
  const ssize_t size = ::readlink(link.c_str(), name.data(), name.size());
  return size < 0 ? "a file" : std::string{name.data(), static_cast<std::size_t>(size)};
}

}  // namespace

void Outbox::append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (parts_.empty() || parts_.back().file) parts_.emplace_back();
  parts_.back().bytes.append(bytes);
}

void Outbox::append(http::BodyPart part) {
  append(part.bytes);
  if (part.size == 0) return;
  if (parts_.empty() || parts_.back().file) parts_.emplace_back();
  auto& last = parts_.back();
  last.file = std::move(part.file);
  last.offset = part.offset;
  last.size = part.size;
}

Outbox::Outcome Outbox::flush(net::Stream& stream) noexcept {
  for (std::size_t budget = kFilePiece; first_ < parts_.size(); ++first_) {
    if (const auto outcome = flush_part(stream, parts_[first_], budget); outcome != Outcome::sent) return outcome;
    parts_[first_] = {};
    taken_ = 0;
  }
  parts_ = {};
  first_ = 0;
  return Outcome::sent;
}

Outbox::Outcome Outbox::flush_part(net::Stream& stream, http::BodyPart& part, std::size_t& budget) noexcept {
  if (const auto bytes = std::string_view{part.bytes}.substr(taken_); !bytes.empty()) {
    const bool more = part.size > 0 || first_ + 1 < parts_.size();
    const ssize_t size = stream.send(bytes, more);
    if (size < 0) return net::Stream::would_block() ? Outcome::blocked : Outcome::failed;
    taken_ += static_cast<std::size_t>(size);
    sent_ += static_cast<std::uint64_t>(size);
    if (taken_ < part.bytes.size()) return Outcome::blocked;
  }
  return part.size > 0 ? flush_slice(stream, part, budget) : Outcome::sent;
}

Outbox::Outcome Outbox::flush_slice(net::Stream& stream, http::BodyPart& part, std::size_t& budget) noexcept {
  if (budget == 0) return Outcome::blocked;
  const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(part.size, budget));
  const ssize_t size = stream.send_file(part.file->get(), part.offset, piece);
  if (size < 0 && net::Stream::would_block()) return Outcome::blocked;
  file_error_ = size < 0 ? errno : 0;
  if (size < 0) return is_of_connection(file_error_) ? Outcome::failed : Outcome::file_failed;
  if (size == 0) return Outcome::file_failed;
  const auto moved = static_cast<std::uint64_t>(size);
  part.offset += moved;
  part.size -= moved;
  sent_ += moved;
  budget -= static_cast<std::size_t>(moved);
  return part.size == 0 ? Outcome::sent : Outcome::blocked;
}

std::string Outbox::complaint() const {
  const auto& part = parts_[first_];
  const auto name = name_of(part.file->get());
  if (file_error_ != 0) return fmt::format("{}: {}", name, Error::describe(file_error_));
  return fmt::format("{}: it has become shorter, {} bytes are missing", name, part.size);
}

}  // namespace indrik::worker
