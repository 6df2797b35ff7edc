#include "webhookcore/core/retry_policy.h"

#include <algorithm>
#include <cmath>

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

// Also turns a NaN into `low`.
double clamp_double(double value, double low, double high) {
  return value >= low ? std::min(value, high) : low;
}

Duration round_wait(double milliseconds) {
  const double longest = static_cast<double>(kLongestWait.count());
  return Duration{std::llround(clamp_double(milliseconds, 0, longest))};
}

// The draw spans [1 - jitter, 1 + jitter] with both ends reached.
Duration with_jitter(Duration wait, double jitter, std::uint64_t draw) {
  const double part = clamp_double(jitter, 0, 1);
  const double position = std::ldexp(static_cast<double>(draw), -64);
  return round_wait(static_cast<double>(wait.count()) * (1 - part + 2 * part * position));
}

// nullopt when there is no attempt left after `failures`.
std::optional<Duration> scheduled_wait(const RetryPolicy& policy, std::size_t failures) {
  const std::size_t waits = policy.schedule.size();
  const std::size_t budget =
      policy.max_attempts ? static_cast<std::size_t>(std::max(1, *policy.max_attempts)) : waits + 1;
  if (waits == 0 || failures >= budget) return std::nullopt;
  return policy.schedule[std::min(failures, waits) - 1];
}

}  // namespace

std::optional<RetryPolicy> named_retry_policy(std::string_view name) {
  if (name == "standard") {
    return RetryPolicy{.schedule = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h}};
  }
  if (name == "patient") return RetryPolicy{.schedule = {1min, 5min, 30min, 2h, 8h}};
  if (name == "fast") return RetryPolicy{.schedule = {1s, 2s, 4s, 8s, 16s}};
  return std::nullopt;
}

std::vector<Duration> exponential_schedule(Duration base, double factor, Duration cap, int count) {
  std::vector<Duration> schedule;
  double wait = static_cast<double>(base.count());
  for (int i = 0; i < count; ++i) {
    schedule.push_back(std::min(round_wait(wait), std::max(cap, Duration::zero())));
    wait *= factor;
  }
  return schedule;
}

std::optional<TimePoint> next_attempt_at(const RetryPolicy& policy, int failures,
                                         std::optional<Duration> retry_after, TimePoint now,
                                         std::uint64_t draw) {
  const auto scheduled = scheduled_wait(policy, static_cast<std::size_t>(std::max(1, failures)));
  if (!scheduled) return std::nullopt;
  const Duration wished =
      std::min({retry_after.value_or(Duration::zero()), policy.retry_after_max, kLongestWait});
  const Duration wait = std::max(with_jitter(*scheduled, policy.jitter, draw), wished);
  return now > TimePoint::max() - wait ? TimePoint::max() : now + wait;
}

}  // namespace webhookcore
