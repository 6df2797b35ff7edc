#include "webhookcore/core/circuit_breaker.h"

#include <algorithm>

namespace webhookcore {

namespace {

// A clock that was set back must not keep the breaker open for longer than the rule.
TimePoint effective_open_until(const CircuitBreaker& breaker, const BreakerRule& rule,
                               TimePoint now) {
  return std::min(*breaker.open_until, now + rule.open_for);
}

bool is_failure(Outcome outcome) {
  return outcome == Outcome::transient || outcome == Outcome::throttled;
}

bool trip(CircuitBreaker& breaker, const BreakerRule& rule, TimePoint now) {
  breaker.open_until = now + rule.open_for;
  breaker.probing = false;
  ++breaker.trips;
  return true;
}

}  // namespace

std::string_view to_string(BreakerState state) {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half_open";
  }
  return "closed";
}

BreakerState state_of(const CircuitBreaker& breaker, const BreakerRule& rule, TimePoint now) {
  if (rule.failures <= 0 || !breaker.open_until) return BreakerState::closed;
  return effective_open_until(breaker, rule, now) > now ? BreakerState::open
                                                        : BreakerState::half_open;
}

std::optional<TimePoint> admit(CircuitBreaker& breaker, const BreakerRule& rule, TimePoint now) {
  switch (state_of(breaker, rule, now)) {
    case BreakerState::closed:
      return std::nullopt;
    case BreakerState::open:
      breaker.open_until = effective_open_until(breaker, rule, now);
      return breaker.open_until;
    case BreakerState::half_open:
      if (breaker.probing) return now + std::min(kProbePatience, rule.open_for);
      breaker.probing = true;
      return std::nullopt;
  }
  return std::nullopt;
}

bool record_outcome(CircuitBreaker& breaker, const BreakerRule& rule, Outcome outcome,
                    TimePoint now) {
  if (!is_failure(outcome) || rule.failures <= 0) {
    breaker = CircuitBreaker{.trips = breaker.trips};
    return false;
  }
  ++breaker.failures_in_a_row;
  if (breaker.open_until) return breaker.probing && trip(breaker, rule, now);
  return breaker.failures_in_a_row >= rule.failures && trip(breaker, rule, now);
}

void abandon_probe(CircuitBreaker& breaker) { breaker.probing = false; }

}  // namespace webhookcore
