// Takes back what a dead or stuck owner holds, at an even pace, and puts right what a wall
// clock that was set would spoil.
#pragma once

#include <cstddef>
#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/clock_jump.h"
#include "webhookcore/store/delivery_store.h"

namespace webhookcore {

// One thread. `store` outlives it.
class Reaper {
 public:
  Reaper(DeliveryStore& store, Duration every) : store_(store), every_(every) {}

  // The first call sweeps, so that a restart goes on at once with what the crash left;
  // then one sweep in each `every` of monotonic time. Returns how many rows came back.
  // Both clocks at one instant.
  Result<std::size_t> step(TimePoint now, Duration monotonic);

  // Now and then notes the time, so that the next one to deliver can tell whether the clock was
  // set back meanwhile. Apart from the above because it writes, which a full disk refuses.
  Result<void> note_time(TimePoint now, Duration monotonic);

 private:
  Result<void> mend_after_jump(TimePoint now, Duration monotonic);

  DeliveryStore& store_;
  Duration every_;
  JumpWatch watch_;
  // Still to be done about the clock, where the store failed.
  Duration ahead_{};
  bool went_back_ = false;
  bool has_looked_back_ = false;  // At what was before the first step.
  std::optional<Duration> noted_;
  std::optional<Duration> last_;
};

}  // namespace webhookcore
