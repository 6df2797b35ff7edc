#include "webhookcore/core/endpoint_health.h"

#include <algorithm>

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLongestSpread = 5min;
constexpr std::int64_t kReleasedEachSecond = 100;

void note_failure(EndpointHealth& health, TimePoint now) {
  const bool was_silent =
      !health.last_failure_at || now - *health.last_failure_at > kLongestSilence;
  if (!health.failing_since || was_silent) health.failing_since = now;
  health.last_failure_at = now;
}

bool note_success(EndpointHealth& health, TimePoint now) {
  if (!health.failing_since) return false;
  health.failing_since.reset();
  health.recovered_at = now;
  return true;
}

}  // namespace

HealthStep record_attempt(EndpointHealth& health, const HealthRule& rule, Outcome outcome,
                          std::optional<int> status, TimePoint now) {
  const bool was_open = health.breaker.open_until.has_value();
  const bool had_failures = health.breaker.failures_in_a_row > 0;
  // A refusal that is tried again tells the breaker what every refusal does.
  const bool blamed = blames_endpoint(outcome, status);
  const bool delivered = outcome == Outcome::delivered;
  record_outcome(health.breaker, rule.breaker, blamed || delivered ? outcome : Outcome::permanent,
                 now);
  HealthStep step;
  if (delivered) {
    step.changed = note_success(health, now) || was_open || had_failures;
  } else {
    note_failure(health, now);
    step.changed = true;
    step.disables = rule.disable_after && now - *health.failing_since >= *rule.disable_after;
  }
  const bool is_open = health.breaker.open_until.has_value();
  step.opened = is_open && !was_open;
  step.closed = was_open && !is_open;
  return step;
}

EndpointHealth enabled_again(const EndpointHealth& health) {
  return {.breaker = {.trips = health.breaker.trips},
          .recovered_at = health.recovered_at,
          .epoch = health.epoch + 1};
}

bool may_probe(TimePoint probe_at, Duration open_for, TimePoint now) {
  return probe_at <= now || probe_at > now + std::max(open_for, kProbePatience);
}

TimePoint next_probe_at(Duration open_for, TimePoint now) {
  return now + std::min(kProbePatience, open_for);
}

Duration release_spread(std::int64_t waiting) {
  return std::min<Duration>(kLongestSpread, waiting * 1000ms / kReleasedEachSecond);
}

}  // namespace webhookcore
