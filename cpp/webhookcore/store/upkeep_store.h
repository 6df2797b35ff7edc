// Keeping a store small and its secrets sealed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"

namespace webhookcore {

// What may go: rows that came to their end before these times. Absent: nothing of that kind.
// What is pending or under way never goes.
struct PruneLimits {
  // Messages whose deliveries are all delivered, dead or cancelled, with those deliveries
  // and their attempts.
  std::optional<TimePoint> messages_before = {};
  std::optional<TimePoint> attempts_before = {};  // Of such deliveries, before their message.
  std::optional<TimePoint> inbox_before = {};     // Events that are done or dead.
};

enum class PruneStage : std::uint8_t { messages, attempts, inbox, keys, jobs };

// Where a pass over the rows has got to. The next one begins with a new one.
struct PrunePlace {
  PruneStage stage = PruneStage::messages;
  std::int64_t after = 0;
};

struct Pruned {
  std::int64_t messages = 0, deliveries = 0, attempts = 0, events = 0;
  std::int64_t keys = 0;  // Idempotency keys that expired, of either side.
  std::int64_t jobs = 0;  // Replay jobs that are done.
};

struct StoreUse {
  std::int64_t used_bytes = 0;  // What the quota counts: pages that hold something, and the log.
  std::int64_t file_bytes = 0;
  std::int64_t log_bytes = 0;
  std::int64_t free_bytes = 0;  // In the file: reused before it grows.
};

// Safe to share between threads; a call returns when its change is durable.
class UpkeepStore {
 public:
  virtual ~UpkeepStore() = default;

  // One small batch, in a transaction of about `budget`; `place` moves on. True: the pass is
  // over, and nothing more is to be had before time goes on.
  virtual Result<bool> prune(const PruneLimits& limits, PrunePlace& place, Pruned& pruned,
                             TimePoint now, Duration budget) = 0;

  // Gives at most `pages` free pages back to the system, but leaves `keep` in the file.
  // True: there are more.
  virtual Result<bool> give_back_pages(std::int64_t pages, std::int64_t keep) = 0;

  // Writes the log into the file, which can shrink only then. Nothing when somebody writes or
  // reads.
  virtual void checkpoint() = 0;

  virtual Result<StoreUse> measure_space() = 0;

  // Above so many used bytes enqueue() and accept() of this object fail with store_full.
  // Everything else goes on. Absent: no quota.
  virtual void set_quota(std::optional<std::int64_t> bytes) = 0;

  // Seals at most `limit` endpoints with the first key that are not; `after` is the place,
  // 0 at first. How many it changed; `after` is 0 again when the pass is over, and then the
  // keys that seal nothing more are forgotten.
  virtual Result<std::size_t> reseal(std::int64_t& after, std::size_t limit) = 0;
};

}  // namespace webhookcore
