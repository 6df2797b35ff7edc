// When each of many dead letters is sent again, so that a receiver that has just come
// back is not hit by all of them at once.
#pragma once

#include <cstdint>
#include <optional>

#include "webhookcore/base/clock.h"

namespace webhookcore {

// Places that lie 1 / per_second apart, from `from` on. Kept whole, without rounding from
// one to the next, so that a million of them are as far apart as the first two.
struct ReplayLine {
  TimePoint from{};
  std::int64_t length = 0;  // Places that are taken.
};

// The time of the next place, which is taken. Never before `now`: a line that stood still
// goes on from there. Without a rate everything is due now.
TimePoint next_in_line(ReplayLine& line, std::optional<double> per_second, TimePoint now);

// When a replay that was due at `due` is due after its endpoint was disabled, until `now`: its
// wait stood still from then on, or from when it was replayed, so that a line keeps its rate.
TimePoint after_pause(TimePoint due, TimePoint replayed_at, TimePoint disabled_at, TimePoint now);

}  // namespace webhookcore
