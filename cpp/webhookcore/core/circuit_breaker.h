// Keeps attempts away from an endpoint that has failed several times in a row,
// until one probe gets through (requirement D15). Pure: state in, state out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/outcome.h"

namespace webhookcore {

struct BreakerRule {
  int failures = 5;  // In a row; zero or less: no breaker.
  Duration open_for{std::chrono::minutes{5}};
};

struct CircuitBreaker {
  int failures_in_a_row = 0;
  std::optional<TimePoint> open_until = {};  // Absent: closed.
  bool probing = false;                      // A probe is out and has not come back.
  std::int64_t trips = 0;
};

enum class BreakerState : std::uint8_t { closed, open, half_open };

std::string_view to_string(BreakerState state);

// While a probe is out, waiting deliveries ask again after this, or after
// `open_for` where that is shorter.
inline constexpr Duration kProbePatience = std::chrono::seconds{30};

BreakerState state_of(const CircuitBreaker& breaker, const BreakerRule& rule, TimePoint now);

// nullopt when an attempt may start now; otherwise when to ask again. Where the
// breaker is half open the caller that gets through is the probe, and must end
// with record_outcome() or abandon_probe().
std::optional<TimePoint> admit(CircuitBreaker& breaker, const BreakerRule& rule, TimePoint now);

// Any answer that says what the receiver wants of this message closes the breaker,
// a refusal too; failures that may pass trip it. An attempt that was under way when
// the breaker tripped changes nothing by failing. Returns true when it tripped.
bool record_outcome(CircuitBreaker& breaker, const BreakerRule& rule, Outcome outcome,
                    TimePoint now);

// The probe ended without an answer of the receiver (drain).
void abandon_probe(CircuitBreaker& breaker);

}  // namespace webhookcore
