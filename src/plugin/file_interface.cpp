#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>

#include "http/file_answer.h"
#include "http/media_types.h"
#include "plugin/abi_text.h"
#include "plugin/interfaces.h"

namespace indrik::plugin {
namespace {

constexpr std::uint32_t kFirstFileSize = offsetof(indrik_file, content_encoding) + sizeof(indrik_text);

std::uint64_t random_number() noexcept {
  std::uint64_t number = 0;
  // So few bytes never fail once the machine has booted.
  [[maybe_unused]] const auto got = ::getrandom(&number, sizeof number, 0);
  return number;
}

bool says_that_there_is_none(int code) noexcept {
  constexpr std::array kCodes{ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, ENXIO, ENODEV};  // the last two: what is no file
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

std::int32_t answer_not_found(http::Exchange& exchange) {
  exchange.response.set_plain(404, "Not Found\n");
  return INDRIK_E_NOT_FOUND;
}

std::int32_t code_of(http::Response::FieldError error) noexcept {
  return error == http::Response::FieldError::none ? INDRIK_OK : INDRIK_E_BAD_VALUE;
}

/// `opened`, if any, is the plugin's descriptor.
std::int32_t answer_with(http::Exchange& exchange, const indrik_file& file, Fd opened) {
  const auto path = view_of(file.path);
  if (opened) {
    const int flags = ::fcntl(opened.get(), F_GETFL);
    if (flags < 0 || (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY) return INDRIK_E_INVALID;
  } else {
    if (path.find('\0') != std::string_view::npos) return INDRIK_E_INVALID;
    // A pipe must not hold us until somebody writes to it, nor a terminal become ours.
    opened.reset(::open(std::string{path}.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!opened) return says_that_there_is_none(errno) ? answer_not_found(exchange) : INDRIK_E_FAILED;
  }
  struct stat facts {};
  if (::fstat(opened.get(), &facts) != 0) return INDRIK_E_FAILED;
  if (!S_ISREG(facts.st_mode)) return answer_not_found(exchange);
  const auto type = view_of(file.content_type);
  return code_of(http::answer_with_file(exchange.request,
                                        {.file = std::make_shared<const Fd>(std::move(opened)),
                                         .identity = {.modified = facts.st_mtim,
                                                      .size = static_cast<std::uint64_t>(facts.st_size),
                                                      .inode = facts.st_ino},
                                         .content_type = type.empty() ? http::media_type_of(path) : type,
                                         .content_encoding = view_of(file.content_encoding),
                                         .now = std::time(nullptr),
                                         .random = random_number},
                                        exchange.response));
}

std::int32_t answer(indrik_exchange* handle, const indrik_file* given) noexcept {
  if (given == nullptr || given->struct_size < kFirstFileSize) return INDRIK_E_INVALID;
  indrik_file file{};
  std::memcpy(&file, given, std::min<std::size_t>(given->struct_size, sizeof file));
  Fd opened{file.descriptor};
  auto& exchange = exchange_of(handle);
  const auto& response = exchange.response;
  const bool begun = !response.body().empty() || response.has_parts() || response.has_content_type();
  if (begun || exchange.answer_begun() || !exchange.failure.empty()) return INDRIK_E_WRONG_PHASE;
  try {
    return answer_with(exchange, file, std::move(opened));
  } catch (const std::bad_alloc&) {
    return INDRIK_E_NO_MEMORY;
  }
}

}  // namespace

constinit const indrik_http_file kHttpFile{.struct_size = sizeof(indrik_http_file), .answer = answer};

}  // namespace indrik::plugin
