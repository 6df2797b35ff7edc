#include "webhookcore/core/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace webhookcore {

namespace {

using Seconds = std::chrono::duration<double>;

void refill(TokenBucket& bucket, double per_second, FineDuration now) {
  const double capacity = std::max(1.0, per_second);
  const FineDuration since = bucket.filled_at ? now - *bucket.filled_at : FineDuration::max();
  const double earned = Seconds(std::max(FineDuration::zero(), since)).count() * per_second;
  bucket.tokens = std::min(capacity, bucket.tokens + earned);
  bucket.filled_at = now;
}

}  // namespace

std::optional<FineDuration> wait_for_token(TokenBucket& bucket, double per_second,
                                           FineDuration now) {
  if (!(per_second > 0)) return std::nullopt;
  refill(bucket, per_second, now);
  // A token that is short by less than rounding can explain is a whole one.
  constexpr double kWhole = 1 - 1e-6;
  if (bucket.tokens >= kWhole) return std::nullopt;
  const double wait_us = std::ceil((1 - bucket.tokens) / per_second * 1e6);
  const double longest = static_cast<double>(FineDuration(std::chrono::hours{24}).count());
  return FineDuration{static_cast<FineDuration::rep>(std::min(wait_us, longest))};
}

std::optional<FineDuration> take_token(TokenBucket& bucket, double per_second, FineDuration now) {
  const auto wait = wait_for_token(bucket, per_second, now);
  if (!wait) bucket.tokens = std::max(0.0, bucket.tokens - 1);
  return wait;
}

TokenBucket after_set_back(const TokenBucket& kept, FineDuration now) {
  return kept.filled_at && *kept.filled_at - now > kSetBack ? TokenBucket() : kept;
}

FineDuration next_place(WaitingLine& line, FineDuration first, FineDuration spacing,
                        FineDuration now) {
  const FineDuration place = std::max(now + first, line.last_place + spacing);
  line.last_place = std::min(place, now + std::max(first, kLongestLine));
  return line.last_place - now;
}

}  // namespace webhookcore
