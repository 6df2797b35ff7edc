#include <algorithm>

#include "webhookcore/core/event_pattern.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

bool is_wanted(const OperationalEvent& event, const OperationalFilter& filter) {
  return (!filter.tenant || event.tenant == *filter.tenant) &&
         (!filter.type || matches_event_pattern(*filter.type, event.type)) &&
         (!filter.endpoint_id || event.endpoint_id == *filter.endpoint_id) &&
         (!filter.since || event.at >= *filter.since) &&
         (!filter.before_key || event.key < *filter.before_key);
}

}  // namespace

void MemoryStore::add_event(OperationalEvent event) {
  const std::string same = sameness(event);
  const Duration quiet = quiet_period(event.type);
  OperationalEvent* told = last_told(same);
  if (quiet > Duration::zero() && told != nullptr && is_repeat(told->at, quiet, event.at)) {
    ++told->repeats;
    told->last_at = event.at;
    return;
  }
  event.key = ++rows_.last_event;
  event.repeats = 0;
  event.last_at = event.at;
  rows_.events.push_back(std::move(event));
}

OperationalEvent* MemoryStore::last_told(const std::string& same) {
  const auto told = std::find_if(rows_.events.rbegin(), rows_.events.rend(),
                                 [&](const auto& row) { return sameness(row) == same; });
  return told == rows_.events.rend() ? nullptr : &*told;
}

void MemoryStore::add_refusal_event(OperationalEvent event) {
  const OperationalEvent* told = last_told(sameness(event));
  if (told != nullptr && is_repeat(told->last_at, kRefusalsToldEvery, event.at)) return;
  add_event(std::move(event));
}

void MemoryStore::add_endpoint_event(const std::string& endpoint_id, OperationalEvent event) {
  const auto found = rows_.endpoints.find(endpoint_id);
  event.endpoint_id = endpoint_id;
  if (found != rows_.endpoints.end()) event.tenant = found->second.tenant;
  add_event(std::move(event));
}

void MemoryStore::add_dead_event(const DeliveryEntry& entry, TimePoint now) {
  Details details;
  details.add("message_id", entry.row.message_id)
      .add("message_type", entry.row.type)
      .add("error", entry.row.last_error)
      .add("attempts", std::int64_t{entry.row.attempts});
  if (entry.row.last_status) details.add("status", std::int64_t{*entry.row.last_status});
  add_endpoint_event(entry.row.endpoint_id, {.type = operational::kDead,
                                             .delivery = entry.row.key,
                                             .details = details.json(),
                                             .at = now});
}

Result<void> MemoryStore::add_operational_event(const OperationalEvent& event) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  add_event(event);
  return {};
}

Result<std::vector<OperationalEvent>> MemoryStore::list_operational_events(
    const OperationalFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<OperationalEvent> events;
  for (auto event = rows_.events.rbegin(); event != rows_.events.rend(); ++event) {
    if (events.size() >= filter.limit) break;
    if (is_wanted(*event, filter)) events.push_back(*event);
  }
  return events;
}

Result<std::vector<OperationalEvent>> MemoryStore::unread_operational_events(
    std::string_view reader, std::size_t limit) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto position = rows_.readers.find(reader);
  std::vector<OperationalEvent> events;
  for (const OperationalEvent& event : rows_.events) {
    if (events.size() >= limit) break;
    if (position == rows_.readers.end() || event.key > position->second) events.push_back(event);
  }
  return events;
}

Result<void> MemoryStore::start_operational_reader(std::string_view reader) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  rows_.readers.try_emplace(std::string(reader), rows_.last_event);
  return {};
}

Result<void> MemoryStore::advance_operational_reader(std::string_view reader, std::int64_t key) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::int64_t& position = rows_.readers[std::string(reader)];
  position = std::max(position, key);
  return {};
}

Result<std::size_t> MemoryStore::prune_operational_events(TimePoint before, std::size_t limit) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto oldest = rows_.events.begin();
  const auto end = oldest + static_cast<std::ptrdiff_t>(std::min(limit, rows_.events.size()));
  const auto kept =
      std::remove_if(oldest, end, [&](const auto& event) { return event.last_at < before; });
  const auto pruned = static_cast<std::size_t>(end - kept);
  rows_.events.erase(kept, end);
  return pruned;
}

}  // namespace webhookcore::memory
