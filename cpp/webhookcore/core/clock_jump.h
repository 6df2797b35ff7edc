// What a wall clock that somebody set must not do: free claims that are held, or keep
// waiting deliveries waiting for the hours by which it went back (reliability.md F16).
#pragma once

#include <optional>

#include "webhookcore/base/clock.h"

namespace webhookcore {

// Less than this is how a clock is kept right, and harms nothing.
inline constexpr Duration kSmallestJump = std::chrono::seconds{1};

class JumpWatch {
 public:
  // How far the wall clock went ahead of the monotonic one since the last call; below zero:
  // it went back. Zero at the first call and for less than kSmallestJump.
  Duration step(TimePoint wall, Duration monotonic);

 private:
  std::optional<TimePoint> wall_;
  Duration monotonic_{};
};

// The times of a pending delivery.
struct WaitingTimes {
  TimePoint next_attempt_at{};
  TimePoint created_at{};
  TimePoint updated_at{};
  int attempts = 0;
};

// When it is due by a clock that shows `now`, where that is another time than its
// `next_attempt_at`: what was written at a time that has not come yet waits for as long as
// it should have from then, but from `now`. A first attempt that the user wants at a certain
// time (`deliver_at`) stays there.
std::optional<TimePoint> due_after_jump(const WaitingTimes& waiting, TimePoint now);

// The same of an event in the inbox, which no user wants at a certain time.
std::optional<TimePoint> event_due_after_jump(TimePoint next_attempt_at, TimePoint updated_at,
                                              TimePoint now);

}  // namespace webhookcore
