#include "webhookcore/core/next_step.h"

namespace webhookcore {

NextStep next_step(Outcome outcome, const RetryPolicy& policy, int failures,
                   std::optional<Duration> retry_after, TimePoint now, std::uint64_t draw) {
  switch (outcome) {
    case Outcome::delivered:
      return {.signal = DeliverySignal::succeeded};
    case Outcome::permanent:
      return {.signal = DeliverySignal::failed_for_good};
    case Outcome::gone:
      return {.signal = DeliverySignal::failed_for_good, .disables_endpoint = true};
    case Outcome::transient:
    case Outcome::throttled:
      break;
  }
  const auto at = next_attempt_at(policy, failures, retry_after, now, draw);
  if (!at) return {.signal = DeliverySignal::schedule_spent};
  return {.signal = DeliverySignal::retry_scheduled, .next_attempt_at = at};
}

}  // namespace webhookcore
