#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

bool is_of(const Delivery& row, const MetricsFilter& filter) {
  return (!filter.tenant || row.tenant == *filter.tenant) &&
         (!filter.endpoint_id || row.endpoint_id == *filter.endpoint_id);
}

void add_current(DeliveryMetrics& metrics, const Delivery& row) {
  if (row.state == DeliveryState::dead) ++metrics.dead_letters;
  if (row.state != DeliveryState::pending) return;
  ++metrics.backlog;
  // Rows come in the order of their keys: the first is the oldest.
  if (!metrics.oldest_pending_at) metrics.oldest_pending_at = row.created_at;
}

bool is_in_window(TimePoint at, const MetricsFilter& filter) {
  return (!filter.since || at >= *filter.since) && (!filter.until || at < *filter.until);
}

// Repeats count with the last of them: only its time is known.
std::int64_t trips_of(const OperationalEvent& event, const MetricsFilter& filter) {
  const bool is_wanted = event.type == operational::kOpened &&
                         (!filter.tenant || event.tenant == *filter.tenant) &&
                         (!filter.endpoint_id || event.endpoint_id == *filter.endpoint_id);
  if (!is_wanted) return 0;
  return std::int64_t{is_in_window(event.at, filter)} +
         (is_in_window(event.last_at, filter) ? event.repeats : 0);
}

}  // namespace

Result<DeliveryMetrics> MemoryStore::measure(const MetricsFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  DeliveryMetrics metrics;
  for (const OperationalEvent& event : rows_.events) {
    metrics.breaker_trips += trips_of(event, filter);
  }
  std::string last_message;
  for (const auto& [key, entry] : rows_.deliveries) {
    const Delivery& row = entry.row;
    if (!is_of(row, filter)) continue;
    add_current(metrics, row);
    if (!is_in_window(row.created_at, filter)) continue;
    add_delivery(metrics, {.state = row.state,
                           .attempts = row.attempts,
                           .of_new_message = row.message_id != last_message,
                           .began_at = row.replayed_at.value_or(row.created_at),
                           .updated_at = row.updated_at});
    last_message = row.message_id;
  }
  return metrics;
}

}  // namespace webhookcore::memory
