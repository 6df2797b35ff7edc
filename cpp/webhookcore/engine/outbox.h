// The way in: gives messages their ids and times and makes them durable.
#pragma once

#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/base/random.h"
#include "webhookcore/store/delivery_store.h"

namespace webhookcore {

// Safe to share between threads, as far as its random source is. All three outlive it.
class Outbox {
 public:
  Outbox(DeliveryStore& store, const Clock& clock, Random& random)
      : store_(store), clock_(clock), random_(random) {}

  // Durable when it returns. A message that brings its own id or time keeps it.
  std::vector<Result<Enqueued>> enqueue(std::vector<NewMessage> messages);

 private:
  DeliveryStore& store_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace webhookcore
