#include "webhookcore/core/replay_line.h"

#include <algorithm>

namespace webhookcore {

TimePoint next_in_line(ReplayLine& line, std::optional<double> per_second, TimePoint now) {
  if (!per_second || *per_second <= 0) return now;
  const double waited_ms = 1000.0 * static_cast<double>(line.length) / *per_second;
  TimePoint place = line.from + Duration{static_cast<std::int64_t>(waited_ms)};
  if (place < now) {
    line = {now, 0};
    place = now;
  }
  ++line.length;
  return place;
}

TimePoint after_pause(TimePoint due, TimePoint replayed_at, TimePoint disabled_at, TimePoint now) {
  return due + std::max(Duration{}, now - std::max(replayed_at, disabled_at));
}

}  // namespace webhookcore
