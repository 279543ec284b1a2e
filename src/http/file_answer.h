#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <string_view>

#include "base/fd.h"
#include "http/entity_tag.h"
#include "http/request.h"
#include "http/response.h"

namespace indrik::http {

/// A file that is to be an answer, and what must be known to make it one; no I/O is left to do.
struct FileToSend {
  std::shared_ptr<const Fd> file;
  FileIdentity identity;
  std::string_view content_type;
  std::string_view content_encoding;  ///< empty: none
  std::time_t now = 0;                ///< no version is said to be from a later time (RFC 9110 8.8.2.1)
  /// For the boundary between several ranges, which nobody who writes a file shall be able to guess.
  std::uint64_t (*random)() noexcept = nullptr;
};

/// Makes the file the answer. For a GET or HEAD with a status of 200 so far: with ETag, Last-Modified and
/// Accept-Ranges, as the request's conditions (304, 412) and, for GET, its ranges (206, 416) have it. 412 and 416 drop
/// the fields so far: they are of an answer that is not sent. With any other status or method the whole file is
/// the body, and no more is said of it. The response has neither body nor Content-Type nor Content-Encoding.
///
/// The fields made here are of characters that every field may have, but for content_type and content_encoding: their
/// refusal is returned, and the response is then not to be sent.
Response::FieldError answer_with_file(const Request& request, const FileToSend& file, Response& response);

}  // namespace indrik::http
