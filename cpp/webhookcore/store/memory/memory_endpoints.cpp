#include <algorithm>

#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

bool has_uid(const Endpoint& endpoint, const Tenant& tenant, std::string_view uid) {
  return endpoint.tenant == tenant && endpoint.uid && *endpoint.uid == uid;
}

Error no_such_endpoint(std::string_view id) {
  return {ErrorCode::not_found, "there is no endpoint " + std::string(id)};
}

Error endpoint_has_changed(const std::string& id) {
  return {ErrorCode::conflict, "the endpoint " + id + " was changed meanwhile", "updated_at"};
}

// True when another endpoint of the tenant has the uid.
bool uid_is_taken(const Rows& rows, const Endpoint& endpoint) {
  if (!endpoint.uid) return false;
  return std::any_of(rows.endpoints.begin(), rows.endpoints.end(), [&](const auto& entry) {
    return entry.first != endpoint.id && has_uid(entry.second, endpoint.tenant, *endpoint.uid);
  });
}

Error uid_taken() {
  return {ErrorCode::conflict, "the tenant has another endpoint of that uid", "uid"};
}

}  // namespace

Result<void> MemoryStore::create_endpoint(const Endpoint& endpoint) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  if (rows_.endpoints.count(endpoint.id) != 0) {
    return Error{ErrorCode::conflict, "there is an endpoint " + endpoint.id};
  }
  if (uid_is_taken(rows_, endpoint)) return uid_taken();
  if (const auto most = limits_of(endpoint.tenant).max_endpoints) {
    const auto has =
        std::count_if(rows_.endpoints.begin(), rows_.endpoints.end(),
                      [&](const auto& one) { return one.second.tenant == endpoint.tenant; });
    if (has >= *most) return endpoints_refusal(*endpoint.tenant, *most);
  }
  rows_.endpoints.emplace(endpoint.id, endpoint);
  ++rows_.endpoints_version;
  return {};
}

Result<std::optional<Endpoint>> MemoryStore::get_endpoint(std::string_view id) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.endpoints.find(std::string(id));
  return found == rows_.endpoints.end() ? std::nullopt : std::optional(found->second);
}

Result<std::optional<Endpoint>> MemoryStore::find_endpoint_by_uid(const Tenant& tenant,
                                                                  std::string_view uid) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  for (const auto& [id, endpoint] : rows_.endpoints) {
    if (has_uid(endpoint, tenant, uid)) return std::optional(endpoint);
  }
  return std::optional<Endpoint>();
}

Result<std::vector<Endpoint>> MemoryStore::list_endpoints(const EndpointFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<Endpoint> endpoints;
  for (const auto& [id, endpoint] : rows_.endpoints) {
    if (endpoints.size() >= filter.limit) break;
    if (filter.tenant && endpoint.tenant != *filter.tenant) continue;
    if (filter.state && endpoint.state != *filter.state) continue;
    if (filter.after_id && id <= *filter.after_id) continue;
    endpoints.push_back(endpoint);
  }
  return endpoints;
}

Result<TimePoint> MemoryStore::update_endpoint(const Endpoint& endpoint, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.endpoints.find(endpoint.id);
  if (found == rows_.endpoints.end()) return no_such_endpoint(endpoint.id);
  Endpoint& row = found->second;
  if (row.updated_at != endpoint.updated_at) return endpoint_has_changed(endpoint.id);
  if (uid_is_taken(rows_, endpoint)) return uid_taken();
  const bool changes_state = row.state != endpoint.state;
  if (row.fifo != endpoint.fifo) release_all(row.id, now);
  const TimePoint created_at = row.created_at;
  const TimePoint updated_at = next_update_at(row.updated_at, now);
  row = endpoint;
  row.created_at = created_at;
  row.updated_at = updated_at;
  ++rows_.endpoints_version;
  if (changes_state && row.state == EndpointState::enabled) {
    begin_epoch(row.id, now);
    move_replays_on(row.id, now);
  }
  if (changes_state && row.state == EndpointState::disabled) {
    rows_.disabled_at[row.id] = now;
    add_endpoint_event(row.id, {.type = operational::kDisabled,
                                .details = Details().add("reason", row.disabled_reason).json(),
                                .at = now});
  }
  return updated_at;
}

void MemoryStore::move_replays_on(const std::string& endpoint_id, TimePoint now) {
  const TimePoint disabled_at = rows_.disabled_at[endpoint_id];
  rows_.disabled_at.erase(endpoint_id);
  for (auto& [key, entry] : rows_.deliveries) {
    Delivery& row = entry.row;
    const bool waits = row.endpoint_id == endpoint_id && row.next_attempt_at;
    if (!waits || entry.trigger != "replay") continue;
    const TimePoint replayed_at = row.replayed_at.value_or(row.created_at);
    row.next_attempt_at = after_pause(*row.next_attempt_at, replayed_at, disabled_at, now);
  }
}

Result<void> MemoryStore::delete_endpoint(std::string_view id, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  if (rows_.endpoints.erase(std::string(id)) == 0) return no_such_endpoint(id);
  rows_.health.erase(std::string(id));
  rows_.disabled_at.erase(std::string(id));
  for (auto& [key, entry] : rows_.deliveries) {
    const bool waits = entry.row.state == DeliveryState::pending;
    if (waits && entry.row.endpoint_id == id) settle(entry, DeliveryState::pending, now, now);
  }
  ++rows_.endpoints_version;
  return {};
}

Result<std::int64_t> MemoryStore::endpoints_version() {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  return rows_.endpoints_version;
}

}  // namespace webhookcore::memory
