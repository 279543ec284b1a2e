#include "http/file_answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/byte_ranges.h"
#include "http/characters.h"
#include "http/conditions.h"
#include "http/http_date.h"

namespace indrik::http {
namespace {

using FieldError = Response::FieldError;

/// The answer to one request for one file, step by step.
class FileAnswer {
 public:
  FileAnswer(const Request& request, const FileToSend& file, Response& response) noexcept
      : request_{request}, file_{file}, response_{response} {}

  FieldError make() {
    const bool is_get = request_.method == "GET";
    if (response_.status() != 200 || (!is_get && request_.method != "HEAD")) return send_whole();
    switch (judge_conditions(request_, validators_, file_.now)) {
      case Condition::failed:
        response_.set_plain(412, "Precondition Failed\n");
        return FieldError::none;
      case Condition::not_modified:
        response_.set_status(304);
        add_validators();
        return FieldError::none;
      case Condition::met:
        break;
    }
    if (is_get) find_ranges();
    if (ranges_ && ranges_->empty()) return refuse_range();
    add_validators();
    response_.add_field("Accept-Ranges", "bytes");
    if (!ranges_) return send_whole();
    response_.set_status(206);
    return ranges_->size() == 1 ? send_range(ranges_->front()) : send_ranges();
  }

 private:
  std::uint64_t total() const noexcept { return file_.identity.size; }

  void find_ranges() {
    if (!request_.field("Range") || !range_applies(request_, validators_, file_.now)) return;
    if (const auto value = only_field(request_, "Range")) ranges_ = parse_byte_ranges(*value, total());
  }

  void add_validators() {
    response_.add_field("ETag", tag_);
    response_.add_field("Last-Modified", HttpDate{validators_.modified}.text());
  }

  FieldError add_type(std::string_view content_type) {
    if (const auto error = response_.add_field("Content-Type", content_type); error != FieldError::none) return error;
    if (file_.content_encoding.empty()) return FieldError::none;
    return response_.add_field("Content-Encoding", file_.content_encoding);
  }

  void append_slice(std::string before, const ByteRange& range) {
    response_.append_part({std::move(before), file_.file, range.first, range.size});
  }

  FieldError send_whole() {
    append_slice({}, {0, total()});
    return add_type(file_.content_type);
  }

  FieldError send_range(const ByteRange& range) {
    response_.add_field("Content-Range", content_range(range, total()));
    append_slice({}, range);
    return add_type(file_.content_type);
  }

  /// RFC 9110 14.6 and 15.3.7.2.
  FieldError send_ranges() {
    const auto boundary = fmt::format("indrik-{:016x}", file_.random());
    for (const auto& range : *ranges_) {
      append_slice(fmt::format("\r\n--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n", boundary,
                               file_.content_type, content_range(range, total())),
                   range);
    }
    response_.append_part(BodyPart{.bytes = fmt::format("\r\n--{}--\r\n", boundary)});
    if (!kFieldValueCharacters.contains_all(file_.content_type)) return FieldError::bad_value;
    return add_type("multipart/byteranges; boundary=" + boundary);
  }

  FieldError refuse_range() {
    response_.set_plain(416, "Range Not Satisfiable\n");
    return response_.add_field("Content-Range", unsatisfied_range(total()));
  }

  const Request& request_;
  const FileToSend& file_;
  Response& response_;
  const std::string tag_ = entity_tag_of(file_.identity, file_.now);
  const Validators validators_{.tag = tag_, .modified = std::min(file_.identity.modified.tv_sec, file_.now)};
  std::optional<std::vector<ByteRange>> ranges_;
};

}  // namespace

Response::FieldError answer_with_file(const Request& request, const FileToSend& file, Response& response) {
  return FileAnswer{request, file, response}.make();
}

}  // namespace indrik::http
