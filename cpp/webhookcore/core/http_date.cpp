#include "webhookcore/core/http_date.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace webhookcore {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes a piece from the front of a text, and remembers whether all of it fitted.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool finished() const { return sound_ && rest_.empty(); }

  void literal(std::string_view expected) {
    sound_ = sound_ && rest_.substr(0, expected.size()) == expected;
    if (sound_) rest_.remove_prefix(expected.size());
  }

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      sound_ = sound_ && !rest_.empty() && is_digit(rest_.front());
      if (!sound_) return 0;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  unsigned month() {
    for (unsigned i = 0; i < kMonths.size(); ++i) {
      if (rest_.substr(0, 3) == kMonths[i]) {
        rest_.remove_prefix(3);
        return i + 1;
      }
    }
    sound_ = false;
    return 0;
  }

  // asctime() pads the day with a space.
  int padded_day() {
    if (!rest_.empty() && rest_.front() == ' ') {
      rest_.remove_prefix(1);
      return number(1);
    }
    return number(2);
  }

  std::chrono::seconds clock_time() {
    const int hours = number(2);
    literal(":");
    const int minutes = number(2);
    literal(":");
    const int seconds = number(2);
    sound_ = sound_ && hours <= 23 && minutes <= 59 && seconds <= 60;  // 60: a leap second.
    return std::chrono::hours{hours} + std::chrono::minutes{minutes} +
           std::chrono::seconds{seconds};
  }

 private:
  std::string_view rest_;
  bool sound_ = true;
};

struct Date {
  int year = 0;
  unsigned month = 0;
  int day = 0;
  std::chrono::seconds time{};
};

std::optional<TimePoint> to_time(const Date& date) {
  const std::chrono::year_month_day day{std::chrono::year{date.year},
                                        std::chrono::month{date.month},
                                        std::chrono::day{static_cast<unsigned>(date.day)}};
  if (!day.ok()) return std::nullopt;
  return TimePoint{std::chrono::sys_days{day}} + date.time;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<TimePoint> parse_fixdate(std::string_view after_day_name, std::string_view zone) {
  Reader reader(after_day_name);
  Date date;
  reader.literal(" ");
  date.day = reader.number(2);
  reader.literal(" ");
  date.month = reader.month();
  reader.literal(" ");
  date.year = reader.number(4);
  reader.literal(" ");
  date.time = reader.clock_time();
  reader.literal(zone);
  return reader.finished() ? to_time(date) : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"; a year that would lie more than fifty years
// ahead is one of the century before.
std::optional<TimePoint> parse_rfc850(std::string_view after_comma, TimePoint now) {
  Reader reader(after_comma);
  Date date;
  reader.literal(" ");
  date.day = reader.number(2);
  reader.literal("-");
  date.month = reader.month();
  reader.literal("-");
  const int two_digits = reader.number(2);
  reader.literal(" ");
  date.time = reader.clock_time();
  reader.literal(" GMT");
  const auto today = std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(now)};
  const int this_year = static_cast<int>(today.year());
  date.year = this_year - this_year % 100 + two_digits;
  if (date.year > this_year + 50) date.year -= 100;
  return reader.finished() ? to_time(date) : std::nullopt;
}

// "Sun Nov  6 08:49:37 1994"
std::optional<TimePoint> parse_asctime(std::string_view after_day_name) {
  Reader reader(after_day_name);
  Date date;
  reader.literal(" ");
  date.month = reader.month();
  reader.literal(" ");
  date.day = reader.padded_day();
  reader.literal(" ");
  date.time = reader.clock_time();
  reader.literal(" ");
  date.year = reader.number(4);
  return reader.finished() ? to_time(date) : std::nullopt;
}

}  // namespace

std::optional<TimePoint> parse_http_date(std::string_view text, TimePoint now) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) {
    return text.size() > 3 ? parse_asctime(text.substr(3)) : std::nullopt;
  }
  const std::string_view rest = text.substr(comma + 1);
  return comma == 3 ? parse_fixdate(rest, " GMT") : parse_rfc850(rest, now);
}

std::optional<TimePoint> parse_signed_date(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  const bool has_comma = text[3] == ',';
  return parse_fixdate(text.substr(has_comma ? 4 : 3), has_comma ? " GMT" : " UTC");
}

std::string format_http_date(TimePoint at) {
  using namespace std::chrono;
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss time{floor<seconds>(at - day)};
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kDays[weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
      std::string(kMonths[static_cast<unsigned>(date.month()) - 1]).c_str(),
      static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
      static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace webhookcore
