#include "webhookcore/core/clock_jump.h"

#include <algorithm>

namespace webhookcore {

Duration JumpWatch::step(TimePoint wall, Duration monotonic) {
  const Duration jump = wall_ ? (wall - *wall_) - (monotonic - monotonic_) : Duration::zero();
  wall_ = wall;
  monotonic_ = monotonic;
  return jump > -kSmallestJump && jump < kSmallestJump ? Duration::zero() : jump;
}

std::optional<TimePoint> due_after_jump(const WaitingTimes& waiting, TimePoint now) {
  if (waiting.updated_at <= now) return std::nullopt;
  const Duration wait = std::max(Duration::zero(), waiting.next_attempt_at - waiting.updated_at);
  const bool is_untouched = waiting.attempts == 0 && waiting.created_at == waiting.updated_at;
  if (is_untouched && wait > Duration::zero()) return std::nullopt;
  return now + wait;
}

std::optional<TimePoint> event_due_after_jump(TimePoint next_attempt_at, TimePoint updated_at,
                                              TimePoint now) {
  if (updated_at <= now || next_attempt_at <= now) return std::nullopt;
  return now + std::max(Duration::zero(), next_attempt_at - updated_at);
}

}  // namespace webhookcore
