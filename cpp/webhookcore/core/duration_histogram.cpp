#include "webhookcore/core/duration_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace webhookcore {

namespace {

// A value of e + 7 bits keeps its first seven: bucket 64 e + those. Below 128 e is 0.
constexpr int kKeptBits = 7;
constexpr std::int64_t kPerDoubling = 64;

std::size_t bucket_of(std::int64_t ms) {
  const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(ms)));
  const int dropped = std::max(0, bits - kKeptBits);
  return static_cast<std::size_t>(dropped * kPerDoubling + (ms >> dropped));
}

// The middle of what falls into it.
std::int64_t value_of(std::size_t bucket) {
  const auto number = static_cast<std::int64_t>(bucket);
  if (number < 2 * kPerDoubling) return number;
  const std::int64_t dropped = number / kPerDoubling - 1;
  const std::int64_t kept = number - dropped * kPerDoubling;
  return (kept << dropped) + (std::int64_t{1} << dropped) / 2;
}

}  // namespace

void DurationHistogram::add(Duration duration) {
  const std::int64_t ms = std::max<std::int64_t>(0, duration.count());
  const std::size_t bucket = bucket_of(ms);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++count_;
  total_ms_ += ms;
}

std::optional<Duration> DurationHistogram::mean() const {
  if (count_ == 0) return std::nullopt;
  return Duration{total_ms_ / count_};
}

std::optional<Duration> DurationHistogram::percentile(double share) const {
  if (count_ == 0) return std::nullopt;
  const auto wanted = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(count_)));
  const std::int64_t rank = std::clamp<std::int64_t>(wanted, 1, count_);
  std::int64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return Duration{value_of(bucket)};
  }
  return std::nullopt;
}

}  // namespace webhookcore
