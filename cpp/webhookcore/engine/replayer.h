// Goes on with replays of many dead letters whose process died in the middle.
#pragma once

#include <cstdint>
#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/replay_store.h"

namespace webhookcore {

// One thread. `store` outlives it.
class Replayer {
 public:
  Replayer(ReplayStore& store, Duration every) : store_(store), every_(every) {}

  // Looks for an abandoned job now and then, and works a few batches of the one it has.
  Result<void> step(TimePoint now, Duration monotonic);

  bool is_working() const { return job_.has_value(); }

 private:
  ReplayStore& store_;
  Duration every_;
  std::optional<Duration> last_look_;
  std::optional<std::int64_t> job_;
};

}  // namespace webhookcore
