// Many durations in little memory, for means and percentiles.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "webhookcore/base/clock.h"

namespace webhookcore {

// Exact below 128 ms, within 1 % above: 64 buckets for each doubling.
class DurationHistogram {
 public:
  void add(Duration duration);  // A negative one, of a clock that was set back, is none.

  std::int64_t count() const { return count_; }
  // These are absent while nothing was added.
  std::optional<Duration> mean() const;
  // The duration that `share` (0 to 1) of all do not exceed.
  std::optional<Duration> percentile(double share) const;

 private:
  std::vector<std::int64_t> buckets_;
  std::int64_t count_ = 0;
  std::int64_t total_ms_ = 0;
};

}  // namespace webhookcore
