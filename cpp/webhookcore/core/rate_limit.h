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

// For a bucket that is kept with wall time. One that was filled later than now, by more than a
// writer waits for the store, was filled before the clock was set back. How long ago is not to be
// known, so it is a new one: a second's worth too much, and not shut until that time comes again.
inline constexpr FineDuration kSetBack = std::chrono::seconds{10};
TokenBucket after_set_back(const TokenBucket& kept, FineDuration now);

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
