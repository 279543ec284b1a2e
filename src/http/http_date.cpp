#include "http/http_date.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/strings.h"

namespace indrik::http {

namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::int64_t kFirst = -62167219200;  // 0000-01-01
constexpr std::int64_t kLast = 253402300799;   // 9999-12-31T23:59:59

void put_two_digits(char* at, unsigned number) noexcept {
  at[0] = static_cast<char>('0' + number / 10);
  at[1] = static_cast<char>('0' + number % 10);
}

}  // namespace

HttpDate::HttpDate(std::time_t seconds_since_epoch) noexcept {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): the calendar's words
  // Not strftime: its names follow the locale.
  const sys_seconds time{std::chrono::seconds{std::clamp<std::int64_t>(seconds_since_epoch, kFirst, kLast)}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

  constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  std::copy(kForm.begin(), kForm.end(), text_.begin());
  kDays.copy(&text_[0], 3, std::size_t{3} * weekday{day}.c_encoding());
  put_two_digits(&text_[5], static_cast<unsigned>(date.day()));
  kMonths.copy(&text_[8], 3, std::size_t{3} * (static_cast<unsigned>(date.month()) - 1));
  put_two_digits(&text_[12], year / 100);
  put_two_digits(&text_[14], year % 100);
  put_two_digits(&text_[17], static_cast<unsigned>(clock.hours().count()));
  put_two_digits(&text_[20], static_cast<unsigned>(clock.minutes().count()));
  put_two_digits(&text_[23], static_cast<unsigned>(clock.seconds().count()));
}

namespace {

using std::chrono::year_month_day;

/// Takes a date apart from its beginning on; once something is not there, nothing is any more.
class DateReader {
 public:
  explicit DateReader(std::string_view text) noexcept : rest_{text} {}

  bool take(std::string_view literal) noexcept {
    if (!rest_.starts_with(literal)) return fail();
    rest_.remove_prefix(literal.size());
    return true;
  }
  /// Which of the names of three letters comes next; counted from 0.
  unsigned take_name(std::string_view names) noexcept {
    const auto name = rest_.substr(0, 3);
    for (std::size_t at = 0; name.size() == 3 && at < names.size(); at += 3) {
      if (names.substr(at, 3) != name) continue;
      rest_.remove_prefix(3);
      return static_cast<unsigned>(at / 3);
    }
    fail();
    return 0;
  }
  /// The rest of "Sunday" after "Sun".
  void skip_letters() noexcept {
    while (!rest_.empty() && rest_.front() >= 'a' && rest_.front() <= 'z') rest_.remove_prefix(1);
  }
  int take_number(std::size_t digits) noexcept {
    const auto number = parse_number<unsigned>(rest_.substr(0, digits));
    if (rest_.size() < digits || !number) return fail();
    rest_.remove_prefix(digits);
    return static_cast<int>(*number);
  }
  char next() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  bool is_done() const noexcept { return sound_ && rest_.empty(); }

 private:
  bool fail() noexcept {
    rest_ = {};
    return sound_ = false;
  }

  std::string_view rest_;
  bool sound_ = true;
};

struct Parts {
  int year = 0;
  unsigned month = 0;  ///< from 0 on
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void take_clock(DateReader& reader, Parts& parts) noexcept {
  parts.hour = reader.take_number(2);
  reader.take(":");
  parts.minute = reader.take_number(2);
  reader.take(":");
  parts.second = reader.take_number(2);
}

/// After "Sun, ": "06 Nov 1994 08:49:37 GMT".
void take_fixed_date(DateReader& reader, Parts& parts) noexcept {
  parts.day = reader.take_number(2);
  reader.take(" ");
  parts.month = reader.take_name(kMonths);
  reader.take(" ");
  parts.year = reader.take_number(4);
  reader.take(" ");
  take_clock(reader, parts);
  reader.take(" GMT");
}

/// After "Sunday, ": "06-Nov-94 08:49:37 GMT".
void take_rfc850_date(DateReader& reader, Parts& parts, std::time_t now) noexcept {
  parts.day = reader.take_number(2);
  reader.take("-");
  parts.month = reader.take_name(kMonths);
  reader.take("-");
  const int year = reader.take_number(2);
  reader.take(" ");
  take_clock(reader, parts);
  reader.take(" GMT");
  const std::chrono::sys_seconds today{std::chrono::seconds{now}};
  const int this_year{year_month_day{std::chrono::floor<std::chrono::days>(today)}.year()};
  parts.year = this_year / 100 * 100 + year;
  if (parts.year > this_year + 50) parts.year -= 100;
}

/// After "Sun ": "Nov  6 08:49:37 1994".
void take_asctime_date(DateReader& reader, Parts& parts) noexcept {
  parts.month = reader.take_name(kMonths);
  reader.take(" ");
  if (reader.next() == ' ') {
    reader.take(" ");
    parts.day = reader.take_number(1);
  } else {
    parts.day = reader.take_number(2);
  }
  reader.take(" ");
  take_clock(reader, parts);
  reader.take(" ");
  parts.year = reader.take_number(4);
}

std::optional<std::time_t> time_of(const Parts& parts) noexcept {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): the calendar's words
  const year_month_day date{year{parts.year}, month{parts.month + 1}, day{static_cast<unsigned>(parts.day)}};
  // 60: a leap second, which our clocks do not count.
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  const auto time = sys_days{date} + hours{parts.hour} + minutes{parts.minute} + seconds{parts.second};
  return sys_seconds{time}.time_since_epoch().count();
}

}  // namespace

std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) noexcept {
  DateReader reader{text};
  Parts parts;
  reader.take_name(kDays);
  if (reader.next() == ' ') {
    reader.take(" ");
    take_asctime_date(reader, parts);
  } else if (reader.next() == ',') {
    reader.take(", ");
    take_fixed_date(reader, parts);
  } else {
    reader.skip_letters();
    reader.take(", ");
    take_rfc850_date(reader, parts, now);
  }
  return reader.is_done() ? time_of(parts) : std::nullopt;
}

}  // namespace indrik::http
