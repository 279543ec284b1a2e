#include "http/http_date.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

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

}  // namespace indrik::http
