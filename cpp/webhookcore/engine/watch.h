// Looks at rates, ages and volumes, and tells operators (requirement D24). At an even
// pace and never for an attempt.
#pragma once

#include <optional>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/watch_rules.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

// One thread. `store` outlives it.
class Watch {
 public:
  Watch(Store& store, const WatchRule& rule) : store_(store), rule_(rule) {}

  // The first call looks, so that what a pause left behind is told at once; then once a
  // minute of monotonic time, and once an hour for what changes by the day.
  Result<void> step(TimePoint now, Duration monotonic);

 private:
  Result<void> look_at_traffic(TimePoint now);
  Result<void> tell_tenants(const std::vector<EndpointTraffic>& traffic, TimePoint now);
  Result<void> look_at_backlog(TimePoint now);
  Result<void> look_at_volume(TimePoint now);
  Result<void> look_at_secrets(TimePoint now);

  Store& store_;
  WatchRule rule_;
  std::optional<Duration> last_;
  std::optional<Duration> last_hourly_;
};

}  // namespace webhookcore
