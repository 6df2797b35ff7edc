#include <array>

#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

bool MemoryStore::matches(const DeliveryEntry& entry, const DeliveryFilter& filter) const {
  const Delivery& row = entry.row;
  return (!filter.tenant || row.tenant == *filter.tenant) &&
         (!filter.state || row.state == *filter.state) &&
         (!filter.endpoint_id || row.endpoint_id == *filter.endpoint_id) &&
         (!filter.message_id || row.message_id == *filter.message_id) &&
         (!filter.type || row.type == *filter.type) &&
         (!filter.error || row.last_error == *filter.error) &&
         (!filter.since || row.updated_at >= *filter.since) &&
         (!filter.until || row.updated_at < *filter.until) &&
         (!filter.before_key || row.key < *filter.before_key);
}

Result<std::optional<Delivery>> MemoryStore::get_delivery(std::int64_t key) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.deliveries.find(key);
  return found == rows_.deliveries.end() ? std::nullopt : std::optional(found->second.row);
}

Result<std::vector<Delivery>> MemoryStore::list_deliveries(const DeliveryFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<Delivery> deliveries;
  for (auto entry = rows_.deliveries.rbegin(); entry != rows_.deliveries.rend(); ++entry) {
    if (deliveries.size() >= filter.limit) break;
    if (matches(entry->second, filter)) deliveries.push_back(entry->second.row);
  }
  return deliveries;
}

Result<std::vector<Attempt>> MemoryStore::list_attempts(std::int64_t delivery) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.deliveries.find(delivery);
  return found == rows_.deliveries.end() ? std::vector<Attempt>() : found->second.attempts;
}

Result<DeliveryCounts> MemoryStore::count_deliveries(const DeliveryFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::array<std::int64_t, 5> counts{};
  for (const auto& [key, entry] : rows_.deliveries) {
    if (matches(entry, filter)) ++counts[static_cast<std::size_t>(entry.row.state)];
  }
  return DeliveryCounts{counts[0], counts[1], counts[2], counts[3], counts[4]};
}

Result<std::size_t> MemoryStore::count_backlog(std::size_t most) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::size_t count = 0;
  for (const auto& [key, entry] : rows_.deliveries) {
    if (count >= most) break;
    const Endpoint* endpoint = endpoint_of(entry);
    const bool waits = endpoint == nullptr || endpoint->state == EndpointState::enabled;
    if (entry.row.state == DeliveryState::pending && waits) ++count;
  }
  return count;
}

Result<bool> MemoryStore::anything_in_flight() {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  for (const auto& [key, entry] : rows_.deliveries) {
    if (entry.row.state == DeliveryState::in_flight) return true;
  }
  return false;
}

}  // namespace webhookcore::memory
