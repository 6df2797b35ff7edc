// Takes back what a dead or stuck owner holds, at an even pace.
#pragma once

#include <cstddef>
#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/delivery_store.h"

namespace webhookcore {

// One thread. `store` outlives it.
class Reaper {
 public:
  Reaper(DeliveryStore& store, Duration every) : store_(store), every_(every) {}

  // The first call sweeps, so that a restart goes on at once with what the crash left;
  // then one sweep in each `every` of monotonic time. Returns how many rows came back.
  Result<std::size_t> step(TimePoint now, Duration monotonic);

 private:
  DeliveryStore& store_;
  Duration every_;
  std::optional<Duration> last_;
};

}  // namespace webhookcore
