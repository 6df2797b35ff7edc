#include "webhookcore/core/endpoint_health.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{1'700'000'000s};
constexpr HealthRule kRule{.breaker = {.failures = 3, .open_for = 5min}, .disable_after = 120h};

HealthStep fail(EndpointHealth& health, TimePoint now) {
  return record_attempt(health, kRule, Outcome::transient, 500, now);
}
HealthStep deliver(EndpointHealth& health, TimePoint now) {
  return record_attempt(health, kRule, Outcome::delivered, 200, now);
}

}  // namespace

TEST_CASE("a success of an endpoint that is well changes nothing") {
  EndpointHealth health;
  for (int i = 0; i < 10; ++i) CHECK_FALSE(deliver(health, kNow + i * 1s).changed);
  CHECK_FALSE(health.recovered_at);
}

TEST_CASE("failing has a beginning and an end") {
  EndpointHealth health;
  CHECK(fail(health, kNow).changed);
  CHECK(fail(health, kNow + 1h).changed);
  CHECK(health.failing_since == kNow);
  CHECK(health.last_failure_at == kNow + 1h);
  CHECK(deliver(health, kNow + 2h).changed);
  CHECK_FALSE(health.failing_since);
  CHECK(health.recovered_at == kNow + 2h);
  fail(health, kNow + 3h);
  CHECK(health.failing_since == kNow + 3h);
}

TEST_CASE("opening and closing are told once each, and a probe that fails opens nothing") {
  EndpointHealth health;
  CHECK_FALSE(fail(health, kNow).opened);
  CHECK_FALSE(fail(health, kNow).opened);
  CHECK(fail(health, kNow).opened);
  CHECK(health.breaker.open_until == kNow + 5min);
  REQUIRE_FALSE(admit(health.breaker, kRule.breaker, kNow + 5min));
  const HealthStep probe = fail(health, kNow + 5min);
  CHECK_FALSE(probe.opened);
  CHECK(health.breaker.trips == 2);
  REQUIRE_FALSE(admit(health.breaker, kRule.breaker, kNow + 10min));
  const HealthStep back = deliver(health, kNow + 10min);
  CHECK(back.closed);
  CHECK(back.changed);
  CHECK_FALSE(deliver(health, kNow + 10min).closed);
  CHECK(health.breaker.trips == 2);
}

TEST_CASE("a refusal trips no breaker, also where it is tried again, but delivers nothing") {
  for (const auto outcome : {Outcome::permanent, Outcome::transient}) {
    EndpointHealth health;
    for (int i = 0; i < 50; ++i) record_attempt(health, kRule, outcome, 404, kNow + i * 1s);
    CHECK(health.breaker.trips == 0);
    CHECK(health.breaker.failures_in_a_row == 0);
    CHECK(health.failing_since == kNow);
  }
}

TEST_CASE("five days of nothing but failing disable, one success in between does not") {
  EndpointHealth health;
  for (int hour = 0; hour < 120; ++hour) CHECK_FALSE(fail(health, kNow + hour * 1h).disables);
  CHECK_FALSE(fail(health, kNow + 120h - 1ms).disables);
  CHECK(fail(health, kNow + 120h).disables);

  EndpointHealth better;
  for (int hour = 0; hour <= 220; ++hour) {
    const TimePoint now = kNow + hour * 1h;
    CHECK_FALSE((hour == 100 ? deliver(better, now) : fail(better, now)).disables);
  }
  CHECK(fail(better, kNow + 221h).disables);
}

TEST_CASE("two outages with silence between them are not one long one") {
  EndpointHealth health;
  fail(health, kNow);
  CHECK_FALSE(fail(health, kNow + 144h).disables);
  CHECK(health.failing_since == kNow + 144h);
  // A retry after the longest wait of a named schedule belongs to the same outage.
  fail(health, kNow + 144h + 29h);
  CHECK(health.failing_since == kNow + 144h);
}

TEST_CASE("without a limit an endpoint may fail for ever, and a clock set back disables nothing") {
  EndpointHealth health;
  const HealthRule patient{.breaker = {.failures = 0}, .disable_after = {}};
  for (int day = 0; day < 400; ++day) {
    CHECK_FALSE(
        record_attempt(health, patient, Outcome::throttled, 503, kNow + day * 24h).disables);
  }
  EndpointHealth odd;
  fail(odd, kNow);
  CHECK_FALSE(fail(odd, kNow - 1000h).disables);
}

TEST_CASE("enabled again, an endpoint begins anew in an epoch of its own") {
  EndpointHealth health;
  for (int i = 0; i < 5; ++i) fail(health, kNow);
  const EndpointHealth fresh = enabled_again(health);
  CHECK(fresh.epoch == 1);
  CHECK(fresh.breaker.trips == 1);
  CHECK_FALSE(fresh.breaker.open_until);
  CHECK(fresh.breaker.failures_in_a_row == 0);
  CHECK_FALSE(fresh.failing_since);
}

TEST_CASE("a probe may go at its time, or when that is out of any reach") {
  CHECK_FALSE(may_probe(kNow + 1ms, 5min, kNow));
  CHECK(may_probe(kNow, 5min, kNow));
  CHECK_FALSE(may_probe(kNow + 5min, 5min, kNow));
  CHECK(may_probe(kNow + 5min + 1ms, 5min, kNow));  // The clock was set back.
  CHECK_FALSE(may_probe(kNow + 20s, 1s, kNow));     // The wait for a probe that is out.
  CHECK(next_probe_at(5min, kNow) == kNow + kProbePatience);
  CHECK(next_probe_at(1s, kNow) == kNow + 1s);
}

TEST_CASE("what waited comes back at a hundred a second, within five minutes at most") {
  CHECK(release_spread(0) == 0ms);
  CHECK(release_spread(1) == 10ms);
  CHECK(release_spread(10'000) == 100s);
  CHECK(release_spread(1'000'000'000) == 5min);
}
