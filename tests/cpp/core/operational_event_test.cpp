#include "webhookcore/core/operational_event.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{1'700'000'000s};

}  // namespace

TEST_CASE("an event repeats the last one until the quiet period is over, either way") {
  CHECK(is_repeat(kNow, 1h, kNow));
  CHECK(is_repeat(kNow, 1h, kNow + 1h - 1ms));
  CHECK_FALSE(is_repeat(kNow, 1h, kNow + 1h));
  CHECK_FALSE(is_repeat(kNow, 1h, kNow - 1h));  // The clock was set back.
  CHECK_FALSE(is_repeat(kNow, 0h, kNow));
}

TEST_CASE("a disabled endpoint is told each time, a type that nobody knows once an hour") {
  CHECK(quiet_period("endpoint.disabled") == 0h);
  CHECK(quiet_period("endpoint.breaker_opened") == 5min);
  CHECK(quiet_period("endpoint.secret_old") == 24h * 7);
  CHECK(quiet_period("delivery.dead") == 1h);
  CHECK(quiet_period("store.quota") == 1h);
}

TEST_CASE("events are the same by type, endpoint, subject and tenant, not by their details") {
  OperationalEvent event{.type = "a", .endpoint_id = "ep_1", .details = "{}"};
  OperationalEvent other = event;
  other.details = R"({"n":1})";
  other.delivery = 7;
  CHECK(sameness(event) == sameness(other));
  other.tenant = "";
  CHECK(sameness(event) != sameness(other));
  CHECK(sameness({.type = "a", .subject = "b"}) != sameness({.type = "a", .endpoint_id = "b"}));
}

TEST_CASE("details are JSON whatever the text holds") {
  CHECK(Details().json() == "{}");
  CHECK(Details()
            .add("text", std::string_view("a\"\\\n\x01\x7f\xc3\xa9"))
            .add("number", std::int64_t{-7})
            .add("share", 0.25)
            .add("at", std::optional(kNow))
            .add("never", std::optional<TimePoint>())
            .json() ==
        "{\"text\":\"a\\\"\\\\\\u000a\\u0001\x7f\xc3\xa9\",\"number\":-7,"
        "\"share\":0.25,\"at\":1700000000000,\"never\":null}");
}
