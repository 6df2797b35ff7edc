// A token bucket for each endpoint, and the places in line behind it. Times are
// monotonic: a wall clock that jumps must neither open nor shut the bucket.
#pragma once

#include <chrono>
#include <optional>

#include "webhookcore/base/clock.h"

namespace webhookcore {

// Finer than a millisecond, so that fast lines are spaced as they should be.
using FineDuration = std::chrono::microseconds;

struct TokenBucket {
  double tokens = 0;
  std::optional<FineDuration> filled_at = {};  // Absent: never used, full.
};

// Takes a token and returns nullopt, or says how long until there is one. The
// bucket holds one second's worth, and never less than one token. A rate that is
// not above zero is no limit.
std::optional<FineDuration> take_token(TokenBucket& bucket, double per_second, FineDuration now);

// The same without taking it. What is then taken from `tokens` may be more than there is: the
// debt is waited for by whoever comes next.
std::optional<FineDuration> wait_for_token(TokenBucket& bucket, double per_second,
                                           FineDuration now);

// Hands out times that lie `spacing` apart, so that what waits for an endpoint
// comes back one by one and not all at once.
struct WaitingLine {
  FineDuration last_place{};
};

inline constexpr FineDuration kLongestLine = std::chrono::seconds{60};

// The wait from `now`: at least `first`, at most kLongestLine.
FineDuration next_place(WaitingLine& line, FineDuration first, FineDuration spacing,
                        FineDuration now);

}  // namespace webhookcore
