// How an endpoint has been answering: its breaker, and since when it does nothing but
// fail (requirements D15, D18). Pure: state in, state out.
#pragma once

#include <cstdint>
#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/circuit_breaker.h"
#include "webhookcore/core/outcome.h"

namespace webhookcore {

struct EndpointHealth {
  CircuitBreaker breaker = {};  // `probing` belongs to the engine that runs and is not stored.
  std::optional<TimePoint> failing_since = {};    // First failed attempt since the last 2xx.
  std::optional<TimePoint> last_failure_at = {};  // Absent: there was none since enabling.
  std::optional<TimePoint> recovered_at = {};     // When failing last ended with a 2xx.
  // Counts the times that the endpoint was enabled again: what an attempt from before
  // says is of no interest any more.
  std::int64_t epoch = 0;
};

struct HealthRule {
  BreakerRule breaker = {};
  std::optional<Duration> disable_after = {};  // Of failing only; absent: never.
};

// Failures further apart than this are two outages, between which nothing was sent:
// `failing_since` starts anew. Longer than the longest wait of a named schedule (24 h
// and its jitter).
inline constexpr Duration kLongestSilence = std::chrono::hours{48};

// What an attempt changed.
struct HealthStep {
  bool changed = false;  // False for a success of an endpoint that was well.
  bool opened = false;   // Closed until now; a probe that fails opens nothing.
  bool closed = false;
  bool disables = false;  // It has been failing only for too long.
};

HealthStep record_attempt(EndpointHealth& health, const HealthRule& rule, Outcome outcome,
                          std::optional<int> status, TimePoint now);

// As an endpoint begins again when it is enabled. Trips stay counted.
EndpointHealth enabled_again(const EndpointHealth& health);

// What waits behind an open breaker is let out one by one to probe: at `probe_at`, or
// where that is further away than the breaker's own time, because the clock was set back.
bool may_probe(TimePoint probe_at, Duration open_for, TimePoint now);

// When the next may probe where nothing came of this one.
TimePoint next_probe_at(Duration open_for, TimePoint now);

// How long letting out all that waited may take, once the breaker closed: a receiver that
// has just come back is not hit by everything at once.
Duration release_spread(std::int64_t waiting);

}  // namespace webhookcore
