// What an attempt's outcome makes of its delivery: the join of outcome, retry policy
// and delivery states.
#pragma once

#include <cstdint>
#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/delivery_state.h"
#include "webhookcore/core/outcome.h"
#include "webhookcore/core/retry_policy.h"

namespace webhookcore {

struct NextStep {
  DeliverySignal signal;
  std::optional<TimePoint> next_attempt_at = {};  // With retry_scheduled.
  bool disables_endpoint = false;
};

// The attempt that has just ended.
struct EndedAttempt {
  Outcome outcome = Outcome::transient;
  int failures = 1;  // With this one, if it is one, since the last replay.
  std::optional<Duration> retry_after = {};
  std::optional<TimePoint> expires_at = {};  // Of the delivery. No retry at or after it.
  TimePoint now{};
};

// `draw` as in next_attempt_at().
NextStep next_step(const EndedAttempt& ended, const RetryPolicy& policy, std::uint64_t draw);

}  // namespace webhookcore
