// What the engine tells about each attempt, for one wide log line, metrics and
// hooks on a Python thread. No engine thread ever calls Python: it is fetched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/delivery_state.h"
#include "webhookcore/core/outcome.h"

namespace webhookcore {

struct AttemptEvent {
  std::int64_t delivery = 0;
  std::string message_id;
  std::string endpoint_id;
  std::string type;
  int attempt = 0;
  std::optional<int> status = {};
  Outcome outcome = Outcome::transient;
  TransportError error = TransportError::none;
  std::string error_text = {};
  Duration duration{};
  DeliveryState state = DeliveryState::pending;  // After the attempt.
  std::optional<TimePoint> next_attempt_at = {};
  TimePoint at{};
  // False: the claim had been taken over (lease_lost) or the row was deleted, so the
  // attempt was made and is not in the store.
  bool recorded = true;
};

}  // namespace webhookcore
