#include "webhookcore/core/next_step.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{1'700'000'000s};
const RetryPolicy kPolicy{.schedule = {5s, 5min}, .jitter = 0.0};

NextStep step(Outcome outcome, int failures, std::optional<Duration> retry_after = {},
              std::optional<TimePoint> expires_at = {}) {
  return next_step({.outcome = outcome,
                    .failures = failures,
                    .retry_after = retry_after,
                    .expires_at = expires_at,
                    .now = kNow},
                   kPolicy, 0);
}

}  // namespace

TEST_CASE("success and refusal end a delivery, and only gone disables its endpoint") {
  const NextStep delivered = step(Outcome::delivered, 1, 90s);
  CHECK(delivered.signal == DeliverySignal::succeeded);
  CHECK_FALSE(delivered.next_attempt_at);
  CHECK_FALSE(delivered.disables_endpoint);

  const NextStep refused = step(Outcome::permanent, 1, 90s);
  CHECK(refused.signal == DeliverySignal::failed_for_good);
  CHECK_FALSE(refused.disables_endpoint);

  const NextStep gone = step(Outcome::gone, 1);
  CHECK(gone.signal == DeliverySignal::failed_for_good);
  CHECK(gone.disables_endpoint);
}

TEST_CASE("a failure that may pass is tried again until the schedule is spent") {
  for (const auto outcome : {Outcome::transient, Outcome::throttled}) {
    const NextStep first = step(outcome, 1);
    CHECK(first.signal == DeliverySignal::retry_scheduled);
    CHECK(first.next_attempt_at == kNow + 5s);
    CHECK(step(outcome, 2, 1h).next_attempt_at == kNow + 1h);
    const NextStep last = step(outcome, 3, 1h);
    CHECK(last.signal == DeliverySignal::schedule_spent);
    CHECK_FALSE(last.next_attempt_at);
  }
}

TEST_CASE("a retry that would not be before the expiry is cancelled at once") {
  CHECK(step(Outcome::transient, 1, {}, kNow + 5001ms).signal == DeliverySignal::retry_scheduled);
  for (const TimePoint expiry : {kNow + 5s, kNow + 1s, kNow, kNow - 1h}) {
    const NextStep late = step(Outcome::transient, 1, {}, expiry);
    CHECK(late.signal == DeliverySignal::expired);
    CHECK_FALSE(late.next_attempt_at);
  }
  // The receiver's wish moves the retry, and so decides too.
  CHECK(step(Outcome::throttled, 1, 1h, kNow + 30min).signal == DeliverySignal::expired);
}

TEST_CASE("what ends anyway does not end by its expiry") {
  CHECK(step(Outcome::delivered, 1, {}, kNow - 1s).signal == DeliverySignal::succeeded);
  CHECK(step(Outcome::permanent, 1, {}, kNow - 1s).signal == DeliverySignal::failed_for_good);
  CHECK(step(Outcome::transient, 3, {}, kNow - 1s).signal == DeliverySignal::schedule_spent);
}
