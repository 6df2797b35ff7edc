#include "webhookcore/core/next_step.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{1'700'000'000s};
const RetryPolicy kPolicy{.schedule = {5s, 5min}, .jitter = 0.0};

}  // namespace

TEST_CASE("success and refusal end a delivery, and only gone disables its endpoint") {
  const NextStep delivered = next_step(Outcome::delivered, kPolicy, 1, 90s, kNow, 0);
  CHECK(delivered.signal == DeliverySignal::succeeded);
  CHECK_FALSE(delivered.next_attempt_at);
  CHECK_FALSE(delivered.disables_endpoint);

  const NextStep refused = next_step(Outcome::permanent, kPolicy, 1, 90s, kNow, 0);
  CHECK(refused.signal == DeliverySignal::failed_for_good);
  CHECK_FALSE(refused.disables_endpoint);

  const NextStep gone = next_step(Outcome::gone, kPolicy, 1, std::nullopt, kNow, 0);
  CHECK(gone.signal == DeliverySignal::failed_for_good);
  CHECK(gone.disables_endpoint);
}

TEST_CASE("a failure that may pass is tried again until the schedule is spent") {
  for (const auto outcome : {Outcome::transient, Outcome::throttled}) {
    const NextStep first = next_step(outcome, kPolicy, 1, std::nullopt, kNow, 0);
    CHECK(first.signal == DeliverySignal::retry_scheduled);
    CHECK(first.next_attempt_at == kNow + 5s);
    CHECK(next_step(outcome, kPolicy, 2, 1h, kNow, 0).next_attempt_at == kNow + 1h);
    const NextStep last = next_step(outcome, kPolicy, 3, 1h, kNow, 0);
    CHECK(last.signal == DeliverySignal::schedule_spent);
    CHECK_FALSE(last.next_attempt_at);
  }
}
