#include <algorithm>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

bool MemoryStore::breaker_is_open(const std::string& endpoint_id) const {
  const auto found = rows_.health.find(endpoint_id);
  return found != rows_.health.end() && found->second.health.breaker.open_until;
}

std::vector<DeliveryEntry*> MemoryStore::behind_breaker_of(const std::string& endpoint_id) {
  std::vector<DeliveryEntry*> waiting;
  for (auto& [key, entry] : rows_.deliveries) {
    if (entry.behind_breaker && entry.row.endpoint_id == endpoint_id) waiting.push_back(&entry);
  }
  return waiting;
}

void MemoryStore::release_all(const std::string& endpoint_id, TimePoint now) {
  const auto waiting = behind_breaker_of(endpoint_id);
  const auto count = static_cast<std::int64_t>(waiting.size());
  std::int64_t nth = 0;
  for (DeliveryEntry* entry : waiting) {
    entry->behind_breaker = false;
    entry->row.next_attempt_at = now + release_spread(count) * nth++ / count;
  }
}

void MemoryStore::keep_health(const std::string& endpoint_id, const HealthChange& change,
                              TimePoint now) {
  if (rows_.endpoints.count(endpoint_id) == 0) return;
  HealthEntry& entry = rows_.health[endpoint_id];
  if (entry.health.epoch != change.health.epoch) return;
  const auto was_open_until = entry.health.breaker.open_until;
  entry.health = change.health;
  entry.health.breaker.probing = false;
  const CircuitBreaker& breaker = entry.health.breaker;
  if (breaker.open_until && breaker.open_until != was_open_until) {
    entry.probe_at = *breaker.open_until;
  }
  if (was_open_until && !breaker.open_until) release_all(endpoint_id, now);
  if (!change.opened && !change.closed) return;
  Details details;
  details.add("trips", breaker.trips);
  if (change.opened) {
    details.add("failures_in_a_row", std::int64_t{breaker.failures_in_a_row})
        .add("open_until", breaker.open_until)
        .add("failing_since", entry.health.failing_since);
  }
  add_endpoint_event(endpoint_id,
                     {.type = change.opened ? operational::kOpened : operational::kClosed,
                      .details = details.json(),
                      .at = now});
}

void MemoryStore::release_line(const std::string& endpoint_id, TimePoint open_until,
                               TimePoint now) {
  const auto first = lines();
  const auto found = first.find(endpoint_id);
  if (found == first.end()) return;
  auto& due_at = rows_.deliveries.at(found->second).row.next_attempt_at;
  if (due_at == open_until) due_at = now;
}

void MemoryStore::begin_epoch(const std::string& endpoint_id, TimePoint now) {
  HealthEntry& entry = rows_.health[endpoint_id];
  const auto was_open_until = entry.health.breaker.open_until;
  entry.health = enabled_again(entry.health);
  if (was_open_until) release_line(endpoint_id, *was_open_until, now);
  release_all(endpoint_id, now);
}

Result<std::optional<EndpointHealth>> MemoryStore::get_endpoint_health(std::string_view id) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.health.find(std::string(id));
  return found == rows_.health.end() ? std::nullopt : std::optional(found->second.health);
}

Result<Probes> MemoryStore::release_probes(Duration open_for, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  Probes probes;
  for (auto& [id, entry] : rows_.health) {
    const auto endpoint = rows_.endpoints.find(id);
    if (!entry.health.breaker.open_until || endpoint == rows_.endpoints.end() ||
        endpoint->second.state != EndpointState::enabled) {
      continue;
    }
    const auto waiting = behind_breaker_of(id);
    const auto first = std::find_if(waiting.begin(), waiting.end(), [&](const auto* one) {
      return !has_expired(one->row.expires_at, now);
    });
    if (first == waiting.end()) continue;
    const Duration own = endpoint->second.breaker_open_for.value_or(open_for);
    if (may_probe(entry.probe_at, own, now)) {
      (*first)->behind_breaker = false;
      (*first)->row.next_attempt_at = now;
      entry.probe_at = next_probe_at(own, now);
      ++probes.released;
    }
    probes.next_at = std::min(entry.probe_at, probes.next_at.value_or(entry.probe_at));
  }
  return probes;
}

Result<std::vector<EndpointTraffic>> MemoryStore::recent_traffic(TimePoint since,
                                                                 std::size_t most) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::map<std::string, EndpointTraffic> by_endpoint;
  std::size_t seen = 0;
  for (auto entry = rows_.deliveries.rbegin(); entry != rows_.deliveries.rend(); ++entry) {
    const Delivery& row = entry->second.row;
    if (row.created_at < since || seen++ >= most) break;
    if (row.attempts == 0 || rows_.endpoints.count(row.endpoint_id) == 0) continue;
    auto [found, is_new] = by_endpoint.try_emplace(row.endpoint_id);
    found->second.endpoint_id = row.endpoint_id;
    found->second.tenant = row.tenant;
    found->second.attempts += row.attempts;
    found->second.failed += row.attempts - (row.state == DeliveryState::delivered ? 1 : 0);
  }
  std::vector<EndpointTraffic> traffic;
  for (auto& [id, row] : by_endpoint) traffic.push_back(std::move(row));
  return traffic;
}

Result<std::optional<std::int64_t>> MemoryStore::volume_until(TimePoint at) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  if (rows_.messages.empty() || rows_.messages.front().created_at >= at) {
    return std::optional<std::int64_t>();
  }
  const auto is_before = [&](const auto& row) { return row.created_at < at; };
  const auto messages = std::count_if(rows_.messages.begin(), rows_.messages.end(), is_before);
  const auto deliveries =
      std::count_if(rows_.deliveries.begin(), rows_.deliveries.end(),
                    [&](const auto& entry) { return is_before(entry.second.row); });
  return std::optional(static_cast<std::int64_t>(messages + deliveries));
}

}  // namespace webhookcore::memory
