#include "webhookcore/core/timestamp.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/http_date.h"

namespace webhookcore {
namespace {

constexpr int kSecondsDigits = 12;
constexpr int kMillisecondsDigits = 15;

// Takes fixed-width fields off the front of a text; the first that does not
// fit makes the whole reading fail.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    if (rest_.size() < count) return fail();
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  bool take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char expected) {
    if (!take(expected)) fail();
  }

  // One to nine digits after the point, as whole milliseconds.
  int fraction_ms() {
    const std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (count < 1 || count > 9) return fail();
    int ms = 0;
    for (std::size_t i = 0; i < 3; ++i) ms = ms * 10 + (i < count ? rest_[i] - '0' : 0);
    rest_.remove_prefix(count);
    return ms;
  }

  bool succeeded() const { return !failed_ && rest_.empty(); }

 private:
  int fail() {
    failed_ = true;
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

// `2026-11-22T03:15:13.250+01:00`, the profile of RFC 3339 in upper case,
// without leap seconds.
std::optional<TimePoint> parse_iso8601(std::string_view text) {
  using namespace std::chrono;
  FieldReader reader(text);
  const int year_number = reader.digits(4);
  reader.expect('-');
  const int month_number = reader.digits(2);
  reader.expect('-');
  const int day_number = reader.digits(2);
  reader.expect('T');
  const int hour = reader.digits(2);
  reader.expect(':');
  const int minute = reader.digits(2);
  reader.expect(':');
  const int second = reader.digits(2);
  const int ms = reader.take('.') ? reader.fraction_ms() : 0;

  minutes offset{0};
  if (!reader.take('Z')) {
    const bool east = reader.take('+');
    if (!east) reader.expect('-');
    const int offset_hour = reader.digits(2);
    reader.expect(':');
    const int offset_minute = reader.digits(2);
    if (offset_hour > 23 || offset_minute > 59) return std::nullopt;
    offset = (hours{offset_hour} + minutes{offset_minute}) * (east ? 1 : -1);
  }

  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!reader.succeeded() || !date.ok() || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  return sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{ms} -
         offset;
}

std::optional<TimePoint> parse_unix(std::string_view text, int max_digits, std::int64_t ms_each) {
  const auto number = parse_decimal(text, max_digits);
  if (!number) return std::nullopt;
  return from_unix_ms(*number * ms_each);
}

}  // namespace

std::optional<TimePoint> parse_timestamp(TimestampForm form, std::string_view text) {
  switch (form) {
    case TimestampForm::none:
      return std::nullopt;
    case TimestampForm::seconds:
      return parse_unix(text, kSecondsDigits, 1000);
    case TimestampForm::milliseconds:
      return parse_unix(text, kMillisecondsDigits, 1);
    case TimestampForm::iso8601:
      return parse_iso8601(text);
    case TimestampForm::http_date:
      return parse_signed_date(text);
    case TimestampForm::seconds_or_iso8601:
      break;
  }
  const auto unix_time = parse_unix(text, kSecondsDigits, 1000);
  return unix_time ? unix_time : parse_iso8601(text);
}

namespace {

std::string format_iso8601(TimePoint at) {
  using namespace std::chrono;
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss time{floor<seconds>(at - day)};
  std::array<char, 40> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::optional<std::string> format_timestamp(TimestampForm form, TimePoint at) {
  const std::int64_t ms = to_unix_ms(at);
  if (ms < 0) return std::nullopt;
  std::string text = form == TimestampForm::iso8601 ? format_iso8601(at)
                     : form == TimestampForm::http_date
                         ? format_http_date(at)
                         : std::to_string(form == TimestampForm::milliseconds ? ms : ms / 1000);
  if (!parse_timestamp(form, text)) return std::nullopt;
  return text;
}

}  // namespace webhookcore
