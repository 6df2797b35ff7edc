// Time as an argument. Only clock.cpp asks the system; everything else is given
// a TimePoint, or a Clock where it must ask again by itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace webhookcore {

using Duration = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Duration>;  // UTC, since the Unix epoch.

inline TimePoint from_unix_ms(std::int64_t ms) { return TimePoint{Duration{ms}}; }
inline std::int64_t to_unix_ms(TimePoint at) { return at.time_since_epoch().count(); }

// Safe to share between threads.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time: may jump when somebody sets the clock. For stored times only.
  virtual TimePoint now() const = 0;
  // Never goes back; for waits and durations inside one process.
  virtual Duration monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  Duration monotonic() const override;  // CLOCK_BOOTTIME: goes on during suspend.
};

// Stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start) : now_ms_(to_unix_ms(start)) {}
  TimePoint now() const override { return from_unix_ms(now_ms_.load()); }
  Duration monotonic() const override { return Duration{now_ms_.load()}; }
  void advance(Duration by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

}  // namespace webhookcore
