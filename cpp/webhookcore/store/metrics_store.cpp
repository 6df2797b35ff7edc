#include "webhookcore/store/metrics_store.h"

namespace webhookcore {

namespace {

std::int64_t& count_of(DeliveryCounts& counts, DeliveryState state) {
  switch (state) {
    case DeliveryState::pending:
      return counts.pending;
    case DeliveryState::in_flight:
      return counts.in_flight;
    case DeliveryState::delivered:
      return counts.delivered;
    case DeliveryState::dead:
      return counts.dead;
    case DeliveryState::cancelled:
      break;
  }
  return counts.cancelled;
}

}  // namespace

void add_delivery(DeliveryMetrics& metrics, const MeasuredDelivery& delivery) {
  ++count_of(metrics.deliveries, delivery.state);
  if (delivery.of_new_message) ++metrics.messages;
  metrics.attempts += delivery.attempts;
  if (delivery.attempts > 0) ++metrics.attempted;
  if (delivery.attempts > 1) ++metrics.retried;
  if (delivery.state == DeliveryState::delivered) {
    metrics.delivery_time.add(delivery.updated_at - delivery.began_at);
  }
}

}  // namespace webhookcore
