// Lets what waits behind open breakers out to probe, one delivery of an endpoint at a time.
#pragma once

#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/operational_store.h"

namespace webhookcore {

// One thread. `store` outlives it.
class ProbeSweep {
 public:
  ProbeSweep(OperationalStore& store, Duration open_for, Duration every)
      : store_(store), open_for_(open_for), every_(every) {}

  // The first call sweeps; then one in each `every` of monotonic time, when the next
  // probe's time has come, and whenever it is asked to, because something has begun to wait.
  Result<void> step(TimePoint now, Duration monotonic, bool asked);

  // Absent: nothing waits behind a breaker.
  std::optional<TimePoint> next_at() const { return next_at_; }

 private:
  OperationalStore& store_;
  Duration open_for_;
  Duration every_;
  std::optional<Duration> last_;
  std::optional<TimePoint> next_at_;
};

}  // namespace webhookcore
