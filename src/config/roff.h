#pragma once

#include <string>
#include <string_view>

namespace indrik::config {

/// A manual page in man(7)'s language. What is appended may hold anything: it is made safe, and what stands between
/// two ` becomes bold.
class Roff {
 public:
  /// `date` as YYYY-MM-DD.
  Roff(std::string_view title, int section, std::string_view date, std::string_view version);

  void heading(std::string_view text);
  void subheading(std::string_view text);
  void paragraph(std::string_view text);
  /// An item of a list: its term, in bold, then what it means, indented.
  void item(std::string_view term, std::string_view text);
  /// Another paragraph of the last item.
  void more(std::string_view text);
  /// Lines that stand as they are.
  void example(std::string_view lines);

  const std::string& text() const noexcept { return text_; }

 private:
  void begin_paragraph();
  std::string text_;
};

}  // namespace indrik::config
