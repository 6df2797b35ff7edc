// Decides when a failed attempt is tried again. Pure: the caller passes the
// time and the random draw, so every test is exact and none of them sleeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "webhookcore/base/clock.h"

namespace webhookcore {

inline constexpr Duration kLongestWait = std::chrono::hours{24 * 366};

struct RetryPolicy {
  std::vector<Duration> schedule;                    // Wait after failure 1, 2, …; empty = never.
  double jitter = 0.2;                               // Fraction either way, 0 to 1.
  Duration retry_after_max{std::chrono::hours{24}};  // Cap on the receiver's wish.
  // Absent: the schedule's length + 1. More than that repeats the last wait.
  std::optional<int> max_attempts = {};
};

// `standard`, `patient` or `fast` (requirement D8); nullopt for another name.
std::optional<RetryPolicy> named_retry_policy(std::string_view name);

// `base`, then each wait `factor` times the one before, none above `cap`; `count`
// of them.
std::vector<Duration> exponential_schedule(Duration base, double factor, Duration cap, int count);

// When to try again after failure number `failures` (1-based), or nullopt when
// the schedule is spent and the delivery is dead. `draw` is uniform over all of
// uint64. A longer `retry_after` wins over the schedule, up to its cap. Never
// overflows: a wait is cut at kLongestWait.
std::optional<TimePoint> next_attempt_at(const RetryPolicy& policy, int failures,
                                         std::optional<Duration> retry_after, TimePoint now,
                                         std::uint64_t draw);

}  // namespace webhookcore
