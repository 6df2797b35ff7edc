// How deliveries went: what is asked now and then, and may not hold up those who send.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/duration_histogram.h"
#include "webhookcore/store/delivery_store.h"

namespace webhookcore {

struct MetricsFilter {
  std::optional<TimePoint> since = {};  // Deliveries created then or later …
  std::optional<TimePoint> until = {};  // … and before this.
  std::optional<std::optional<std::string>> tenant = {};
  std::optional<std::string> endpoint_id = {};
};

struct DeliveryMetrics {
  // ---- Of the deliveries created in the window ----
  std::int64_t messages = 0;  // That have at least one.
  DeliveryCounts deliveries = {};
  std::int64_t attempts = 0;
  std::int64_t attempted = 0;  // With at least one attempt.
  std::int64_t retried = 0;    // With more than one.
  // From send(), or from the last replay, to the answer that counts.
  DurationHistogram delivery_time = {};
  // ---- Of the events of the window ----
  // A breaker that opened; for as long as operational events are kept.
  std::int64_t breaker_trips = 0;
  // ---- Of all, as it is now ----
  std::int64_t backlog = 0;  // Pending.
  std::optional<TimePoint> oldest_pending_at = {};
  std::int64_t dead_letters = 0;
};

class MetricsStore {
 public:
  virtual ~MetricsStore() = default;

  // Read in pieces, so that no long read holds the log up: the sum of all pieces is of
  // no single moment.
  virtual Result<DeliveryMetrics> measure(const MetricsFilter& filter) = 0;
};

// Adds one delivery of the window, in the order of their keys.
struct MeasuredDelivery {
  DeliveryState state = DeliveryState::pending;
  int attempts = 0;
  bool of_new_message = false;
  TimePoint began_at{};  // created_at, or replayed_at.
  TimePoint updated_at{};
};
void add_delivery(DeliveryMetrics& metrics, const MeasuredDelivery& delivery);

}  // namespace webhookcore
