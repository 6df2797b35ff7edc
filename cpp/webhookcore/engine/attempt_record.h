// From what the transport saw to what the store keeps and the log says.
#pragma once

#include <cstdint>

#include "webhookcore/base/clock.h"
#include "webhookcore/engine/endpoint_cache.h"
#include "webhookcore/engine/events.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

struct ConcludedAttempt {
  AttemptRecord record;
  AttemptEvent event;
};

struct AttemptContext {
  const ClaimedDelivery& delivery;
  const Endpoint& endpoint;
  Duration retry_after_max;
  TimePoint started_at;
  TimePoint now;
  std::uint64_t draw;  // For the jitter.
};

ConcludedAttempt conclude_attempt(const AttemptContext& context, TransferResult result);

}  // namespace webhookcore
