#include "webhookcore/core/next_step.h"

#include "webhookcore/core/claim_rules.h"

namespace webhookcore {

NextStep next_step(const EndedAttempt& ended, const RetryPolicy& policy, std::uint64_t draw) {
  switch (ended.outcome) {
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
  const auto at = next_attempt_at(policy, ended.failures, ended.retry_after, ended.now, draw);
  if (!at) return {.signal = DeliverySignal::schedule_spent};
  if (has_expired(ended.expires_at, *at)) return {.signal = DeliverySignal::expired};
  return {.signal = DeliverySignal::retry_scheduled, .next_attempt_at = at};
}

}  // namespace webhookcore
