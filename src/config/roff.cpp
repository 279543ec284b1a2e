#include "config/roff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "base/strings.h"

namespace indrik::config {
namespace {

/// One character of text. A hyphen of a flag must stay one that can be copied, and quotes ASCII.
std::string_view escaped(char c) noexcept {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '"':
      return "\\(dq";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return {};
  }
}

void append_escaped(std::string& out, char c) {
  if (const auto name = escaped(c); !name.empty())
    out += name;
  else
    out += c;
}

std::string inline_text(std::string_view text) {
  std::string out;
  bool bold = false;
  for (const char c : text) {
    if (c == '`') {
      bold = !bold;
      out += bold ? "\\fB" : "\\fR";
    } else {
      append_escaped(out, c);
    }
  }
  return out;
}

/// It must not look like a request.
void append_line(std::string& out, std::string_view escaped_text) {
  if (escaped_text.starts_with('.')) out += "\\&";
  out += escaped_text;
  out += '\n';
}

/// In lines that a person can read; where they break means nothing to the formatter.
void append_text(std::string& out, std::string_view text) {
  const auto all = inline_text(text);
  std::string piece;
  for (const auto word : split(all, ' ')) {
    if (!piece.empty()) piece += ' ';
    piece += word;
    if (piece.size() > 90) {
      append_line(out, piece);
      piece.clear();
    }
  }
  if (!piece.empty()) append_line(out, piece);
}

}  // namespace

Roff::Roff(std::string_view title, int section, std::string_view date, std::string_view version) {
  std::string capitals;
  std::transform(title.begin(), title.end(), std::back_inserter(capitals),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  text_ = fmt::format(".TH {} {} {} \"Indrik {}\" \"Indrik\"\n", capitals, section, date, version);
}

void Roff::heading(std::string_view text) { text_ += fmt::format(".SH {}\n", inline_text(text)); }

void Roff::subheading(std::string_view text) { text_ += fmt::format(".SS {}\n", inline_text(text)); }

void Roff::begin_paragraph() {
  // After a heading a request for one would be idle.
  const auto last = text_.rfind('\n', text_.size() - 2);
  const std::string_view before{text_.data() + last + 1, text_.size() - last - 1};
  if (!before.starts_with(".SH") && !before.starts_with(".SS")) text_ += ".PP\n";
}

void Roff::paragraph(std::string_view text) {
  begin_paragraph();
  append_text(text_, text);
}

void Roff::item(std::string_view term, std::string_view text) {
  text_ += fmt::format(".TP\n\\fB{}\\fR\n", inline_text(term));
  append_text(text_, text);
}

void Roff::more(std::string_view text) {
  text_ += ".IP\n";
  append_text(text_, text);
}

void Roff::example(std::string_view lines) {
  begin_paragraph();
  text_ += ".EX\n";
  for (const auto one : split(lines, '\n')) append_line(text_, inline_text(one));
  text_ += ".EE\n";
}

}  // namespace indrik::config
