// Keeps the store small, and its secrets sealed with the newest key, in pieces so short
// that they stand in nobody's way.
#pragma once

#include <cstdint>
#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/engine/options.h"
#include "webhookcore/store/upkeep_store.h"

namespace webhookcore {

// One thread. `store` and `options` outlive it.
class Pruner {
 public:
  Pruner(UpkeepStore& store, const EngineOptions& options) : store_(store), options_(options) {}

  // Does one piece when it is time for one; after an error the next pass tries again. A pass
  // prunes, gives free pages back and seals; then comes a pause. None begins within an hour of
  // a clock that jumped: rows would look older than they are.
  Result<void> step(TimePoint now, Duration monotonic);

 private:
  enum class Task : std::uint8_t { prune, give_back, reseal };

  bool is_time(TimePoint now, Duration monotonic);
  // True: the task is done.
  Result<bool> work(TimePoint now);
  PruneLimits limits(TimePoint now) const;

  UpkeepStore& store_;
  const EngineOptions& options_;
  Task task_ = Task::prune;
  PrunePlace place_;
  std::int64_t resealed_to_ = 0;
  std::optional<Duration> next_at_;
  std::optional<Duration> offset_;  // Of the wall clock from the monotonic one.
};

}  // namespace webhookcore
