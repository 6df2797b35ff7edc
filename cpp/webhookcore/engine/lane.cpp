#include "webhookcore/engine/lane.h"

#include <algorithm>

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

// Rounded up, so that nothing comes back before its place.
TimePoint after(TimePoint wall, FineDuration wait) {
  return wall + std::chrono::ceil<Duration>(wait);
}

WaitingLine& line_of(Lane& lane, int rank) {
  return lane.lines[static_cast<std::size_t>(priority_of(rank))];
}

}  // namespace

HealthRule health_rule(const Endpoint& endpoint, const EngineOptions& options) {
  return {.breaker = {.failures = endpoint.breaker_failures.value_or(options.breaker_failures),
                      .open_for = endpoint.breaker_open_for.value_or(options.breaker_open_for)},
          .disable_after = options.auto_disable_after};
}

void learn_health(Lane& lane, const PreparedEndpoint& endpoint) {
  if (lane.health_is_known && endpoint.health.epoch <= lane.health.epoch) return;
  lane.health = endpoint.health;
  lane.health_is_known = true;
}

std::size_t width_of(const Lane& lane, const EngineOptions& options) {
  return lane.width.within(options.max_in_flight_per_endpoint);
}

std::optional<Refused> admit(Lane& lane, const ReadyDelivery& delivery,
                             const EngineOptions& options, Moment now, bool& is_probe) {
  const Endpoint& endpoint = delivery.endpoint->row;
  const BreakerRule rule = health_rule(endpoint, options).breaker;
  CircuitBreaker& breaker = lane.health.breaker;
  is_probe = state_of(breaker, rule, now.wall) == BreakerState::half_open;
  if (const auto until = admit(breaker, rule, now.wall)) return Refused{*until, true};

  const double rate = endpoint.rate_limit_per_second.value_or(0);
  const auto wait = take_token(lane.bucket, rate, now.monotonic);
  if (!wait) return std::nullopt;
  if (is_probe) abandon_probe(breaker);
  const FineDuration spacing{static_cast<FineDuration::rep>(1e6 / rate)};
  WaitingLine& line = line_of(lane, delivery.claimed.rank);
  return Refused{after(now.wall, next_place(line, *wait, spacing, now.monotonic))};
}

TimePoint place_behind(Lane& lane, int rank, const EngineOptions& options, std::size_t busy_lanes,
                       Moment now) {
  const auto width = static_cast<FineDuration::rep>(options.max_in_flight_per_endpoint);
  const auto lanes = static_cast<FineDuration::rep>(std::max<std::size_t>(busy_lanes, 1));
  const FineDuration spacing = std::clamp<FineDuration>(
      lane.mean_duration / std::max<FineDuration::rep>(1, width), 100us, 1ms * lanes);
  const FineDuration first = spacing * static_cast<FineDuration::rep>(lane.parked.size() + 1);
  return after(now.wall, next_place(line_of(lane, rank), first, spacing, now.monotonic));
}

void note_length(Lane& lane, const TransferResult& result, const EngineOptions& options) {
  const auto latest = std::chrono::duration_cast<std::chrono::microseconds>(result.duration);
  lane.mean_duration += (latest - lane.mean_duration) / 8;
  note_attempt(lane.width, result.status.has_value(), options.max_in_flight_per_endpoint);
}

}  // namespace webhookcore
