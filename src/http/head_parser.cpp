#include "http/head_parser.h"

#include <llhttp.h>

#include "base/strings.h"

namespace indrik::http {

namespace {

struct Sink {
  Request& request;
  std::vector<Field>& fields;
};

Sink& sink_of(llhttp_t* parser) noexcept { return *static_cast<Sink*>(parser->data); }

/// llhttp may give one text in several pieces; in one contiguous head the pieces adjoin.
void extend(std::string_view& text, const char* at, std::size_t size) noexcept {
  text = text.empty() ? std::string_view{at, size} : std::string_view{text.data(), text.size() + size};
}

int on_method(llhttp_t* parser, const char* at, std::size_t size) {
  extend(sink_of(parser).request.method, at, size);
  return 0;
}
int on_target(llhttp_t* parser, const char* at, std::size_t size) {
  extend(sink_of(parser).request.target, at, size);
  return 0;
}
int on_name(llhttp_t* parser, const char* at, std::size_t size) {
  auto& fields = sink_of(parser).fields;
  // A name that goes on ends where this piece begins.
  if (!fields.empty() && fields.back().name.data() + fields.back().name.size() == at)
    extend(fields.back().name, at, size);
  else
    fields.push_back({.name = {at, size}, .value = {}});
  return 0;
}
int on_value(llhttp_t* parser, const char* at, std::size_t size) {
  extend(sink_of(parser).fields.back().value, at, size);
  return 0;
}
int on_head_complete(llhttp_t*) { return HPE_PAUSED; }  // the body is framed by our own rules

const llhttp_settings_t& callbacks() noexcept {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_method = on_method;
    made.on_url = on_target;
    made.on_header_field = on_name;
    made.on_header_value = on_value;
    made.on_headers_complete = on_head_complete;
    return made;
  }();
  return settings;
}

/// The nearest of our words: only the first case is to be expected of a head that the scanner has passed.
ParseError error_of(llhttp_errno_t code) noexcept {
  switch (code) {
    case HPE_INVALID_METHOD:
    case HPE_INVALID_CONSTANT:  // a method of another protocol, such as RTSP
      return ParseError::unknown_method;
    case HPE_INVALID_URL:
      return ParseError::bad_target;
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return ParseError::bad_content_length;
    case HPE_INVALID_TRANSFER_ENCODING:
      return ParseError::bad_transfer_encoding;
    case HPE_INVALID_HEADER_TOKEN:
      return ParseError::bad_field_value;
    default:
      return ParseError::bad_request_line;
  }
}

}  // namespace

ParseError parse_head(std::string_view head, std::size_t expected_fields, Request& request,
                      std::vector<Field>& fields) {
  request.method = request.target = {};
  fields.clear();
  Sink sink{request, fields};
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &callbacks());
  parser.data = &sink;
  // Contradictory framing is ours to name; a field line that is not the request's own can then not hide behind it.
  llhttp_set_lenient_chunked_length(&parser, 1);
  llhttp_set_lenient_transfer_encoding(&parser, 1);
  const auto code = llhttp_execute(&parser, head.data(), head.size());
  if (code != HPE_PAUSED) return error_of(code);

  for (auto& field : fields) field.value = trim(field.value);
  request.minor_version = llhttp_get_http_minor(&parser);
  request.fields = fields;
  // Two readers of one head must agree on it; "METHOD SP target SP HTTP/1.x" leaves no room for anything between.
  const auto line_size = request.method.size() + request.target.size() + sizeof(" HTTP/1.x");
  const bool agreed = fields.size() == expected_fields && head.find('\r') == line_size;
  return agreed ? ParseError::none : ParseError::bad_request_line;
}

}  // namespace indrik::http
