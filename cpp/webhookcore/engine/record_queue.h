// What is to be recorded, kept until the store has it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/engine/dispatcher.h"
#include "webhookcore/store/delivery_store.h"

namespace webhookcore {

// One thread. `store` outlives it.
class RecordQueue {
 public:
  explicit RecordQueue(DeliveryStore& store) : store_(store) {}

  void add(Orders orders);
  bool empty() const { return attempts_.empty() && put_backs_.empty() && cancels_.empty(); }

  struct Flushed {
    std::vector<AttemptEvent> events = {};  // Of what is settled now.
    std::size_t settled = 0;                // Deliveries that need us no more.
    std::optional<Error> trouble = {};      // Then the rest is still here.
    bool moved_breakers = false;            // Something began to wait behind one, or one changed.
  };

  // Writes what it holds, in order: attempts, then put-backs, then cancels. A record
  // that the store refuses for good (stale token, deleted row) is dropped and told in
  // its event; any other failure keeps it for the next call.
  Flushed flush(TimePoint now);

 private:
  void flush_attempts(TimePoint now, Flushed& flushed);
  void flush_put_backs(TimePoint now, Flushed& flushed);
  void flush_cancels(TimePoint now, Flushed& flushed);

  DeliveryStore& store_;
  std::vector<ConcludedAttempt> attempts_;
  std::vector<PutBack> put_backs_;
  std::vector<std::int64_t> cancels_;
};

}  // namespace webhookcore
