#include "webhookcore/core/timestamp.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

std::optional<std::int64_t> iso_ms(std::string_view text) {
  const auto at = parse_timestamp(TimestampForm::seconds_or_iso8601, text);
  if (!at) return std::nullopt;
  return to_unix_ms(*at);
}

}  // namespace

TEST_CASE("Unix seconds have at most 12 digits and milliseconds 15") {
  const auto parse = [](TimestampForm form, const char* text) {
    return parse_timestamp(form, text).has_value();
  };
  CHECK(parse_timestamp(TimestampForm::seconds, "1700000000") == TimePoint{1'700'000'000s});
  CHECK(parse_timestamp(TimestampForm::seconds, "0") == TimePoint{0s});
  CHECK(parse(TimestampForm::seconds, "999999999999"));
  CHECK_FALSE(parse(TimestampForm::seconds, "1000000000000"));
  CHECK(parse_timestamp(TimestampForm::milliseconds, "1700000000123") ==
        TimePoint{1'700'000'000'123ms});
  CHECK(parse(TimestampForm::milliseconds, "999999999999999"));
  CHECK_FALSE(parse(TimestampForm::milliseconds, "1000000000000000"));
  for (const char* text : {"", "01", "-1", "+1", "1.5", "1e9", "0x5", "nan", " 1", "1 "}) {
    CAPTURE(text);
    CHECK_FALSE(parse(TimestampForm::seconds, text));
    CHECK_FALSE(parse(TimestampForm::milliseconds, text));
    CHECK_FALSE(parse(TimestampForm::seconds_or_iso8601, text));
  }
  CHECK_FALSE(parse(TimestampForm::seconds, "2023-11-14T22:13:20Z"));
}

TEST_CASE("an ISO 8601 time is read with its zone and its fraction") {
  CHECK(iso_ms("1970-01-01T00:00:00Z") == 0);
  CHECK(iso_ms("2023-11-14T22:13:20Z") == 1'700'000'000'000);
  CHECK(iso_ms("2023-11-14T22:13:20+00:00") == 1'700'000'000'000);
  CHECK(iso_ms("2023-11-14T23:43:20+01:30") == 1'700'000'000'000);
  CHECK(iso_ms("2023-11-14T17:13:20-05:00") == 1'700'000'000'000);
  CHECK(iso_ms("2023-11-14T22:13:20.5Z") == 1'700'000'000'500);
  CHECK(iso_ms("2023-11-14T22:13:20.123456789Z") == 1'700'000'000'123);
  CHECK(iso_ms("2024-02-29T00:00:00Z") == 1'709'164'800'000);
  CHECK(iso_ms("1700000000") == 1'700'000'000'000);
}

TEST_CASE("an ISO 8601 time of another spelling, or of no day, is refused") {
  for (const char* text :
       {"2023-11-14T22:13:20",       "2023-11-14 22:13:20Z",      "2023-11-14t22:13:20Z",
        "2023-11-14T22:13:20z",      "2023-11-14T22:13Z",         "2023-11-14",
        "20231114T221320Z",          "2023-11-14T22:13:20.Z",     "2023-11-14T22:13:20.1234567890Z",
        "2023-11-14T22:13:20,5Z",    "2023-11-14T22:13:20+0000",  "2023-11-14T22:13:20+00",
        "2023-11-14T22:13:20+24:00", "2023-11-14T22:13:20+00:60", "2023-11-14T22:13:20Z ",
        " 2023-11-14T22:13:20Z",     "2023-11-14T22:13:20Z\n",    "2023-02-29T00:00:00Z",
        "2023-00-10T00:00:00Z",      "2023-13-10T00:00:00Z",      "2023-11-31T00:00:00Z",
        "2023-11-14T24:00:00Z",      "2023-11-14T22:60:20Z",      "2023-11-14T22:13:60Z",
        "-023-11-14T22:13:20Z",      "+2023-11-14T22:13:20Z",     "12023-11-14T22:13:20Z"}) {
    CAPTURE(text);
    CHECK_FALSE(iso_ms(text));
  }
}

TEST_CASE("a sender writes whole Unix seconds, cut and not rounded") {
  CHECK(format_timestamp(TimestampForm::seconds, TimePoint{1'700'000'000'999ms}) == "1700000000");
  CHECK(format_timestamp(TimestampForm::seconds_or_iso8601, TimePoint{1s}) == "1");
  CHECK(format_timestamp(TimestampForm::milliseconds, TimePoint{1'700'000'000'999ms}) ==
        "1700000000999");
  CHECK_FALSE(format_timestamp(TimestampForm::seconds, TimePoint{-1ms}));
  CHECK_FALSE(format_timestamp(TimestampForm::seconds, TimePoint{1'000'000'000'000s}));
}
