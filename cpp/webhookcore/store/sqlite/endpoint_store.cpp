#include "webhookcore/store/sqlite/delivery_rows.h"
#include "webhookcore/store/sqlite/endpoint_rows.h"
#include "webhookcore/store/sqlite/fifo_line.h"
#include "webhookcore/store/sqlite/health_rows.h"
#include "webhookcore/store/sqlite/operational_rows.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"
#include "webhookcore/store/sqlite/tenant_rows.h"

namespace webhookcore::sqlite {

namespace {

Error no_such_endpoint(std::string_view id) {
  return {ErrorCode::not_found, "there is no endpoint " + std::string(id)};
}

Error endpoint_has_changed(const std::string& id) {
  return {ErrorCode::conflict, "the endpoint " + id + " was changed meanwhile", "updated_at"};
}

// Enabled: with a clean slate. Disabled: told.
Result<void> note_state(Connection& connection, std::int64_t key, const Endpoint& endpoint,
                        TimePoint now) {
  if (endpoint.state == EndpointState::enabled) return begin_epoch(connection, key, now);
  return add_endpoint_event(connection, key,
                            {.type = operational::kDisabled,
                             .details = Details().add("reason", endpoint.disabled_reason).json(),
                             .at = now});
}

std::string select_endpoints(const std::string& where) {
  return std::string("SELECT ") + kEndpointColumns + " FROM endpoints WHERE " + where;
}

Result<std::optional<Endpoint>> read_one(Query query, const Sealer& sealer) {
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<Endpoint>();
  auto endpoint = read_endpoint(query, sealer);
  if (!endpoint) return endpoint.error();
  return std::optional(std::move(*endpoint));
}

}  // namespace

Result<void> SqliteStore::create_endpoint(const Endpoint& endpoint) {
  return write([&](Connection& connection) -> Result<void> {
    if (auto room = check_endpoint_room(connection, endpoint.tenant); !room) return room;
    if (auto done = insert_endpoint(connection, database_->sealer(), endpoint); !done) return done;
    return change_endpoints_version(connection, database_->random());
  });
}

Result<std::optional<Endpoint>> SqliteStore::get_endpoint(std::string_view id) {
  static const std::string sql = select_endpoints("id = ? AND state <> 2");
  return read([&](Connection& connection) {
    return read_one(connection.query(sql.c_str(), id), database_->sealer());
  });
}

Result<std::optional<Endpoint>> SqliteStore::find_endpoint_by_uid(
    const std::optional<std::string>& tenant, std::string_view uid) {
  static const std::string sql =
      select_endpoints("coalesce('t' || tenant, '') = ? AND uid = ? AND state <> 2");
  return read([&](Connection& connection) {
    return read_one(connection.query(sql.c_str(), scope_of(tenant), uid), database_->sealer());
  });
}

Result<std::vector<Endpoint>> SqliteStore::list_endpoints(const EndpointFilter& filter) {
  // A condition whose first value is 0 asks for nothing.
  static const std::string sql = select_endpoints(
      "state <> 2 AND (?1 = 0 OR coalesce('t' || tenant, '') = ?2)"
      " AND (?3 IS NULL OR state = ?3) AND (?4 IS NULL OR id > ?4) ORDER BY id LIMIT ?5");
  std::optional<int> state;
  if (filter.state) state = code_of(*filter.state);
  return read([&](Connection& connection) -> Result<std::vector<Endpoint>> {
    std::vector<Endpoint> endpoints;
    auto query = connection.query(sql.c_str(), filter.tenant.has_value(),
                                  scope_of(filter.tenant.value_or(std::nullopt)), state,
                                  filter.after_id, filter.limit);
    auto done = query.each([&]() -> Result<void> {
      auto endpoint = read_endpoint(query, database_->sealer());
      // One that another process sealed with a newer key keeps nobody from the others.
      if (!endpoint && endpoint.error().code == ErrorCode::wrong_store_key) {
        endpoint = read_unsealed_part(query);
      }
      if (!endpoint) return endpoint.error();
      endpoints.push_back(std::move(*endpoint));
      return {};
    });
    if (!done) return done.error();
    return endpoints;
  });
}

Result<TimePoint> SqliteStore::update_endpoint(const Endpoint& endpoint, TimePoint now) {
  TimePoint updated_at;
  const auto written = write([&](Connection& connection) -> Result<void> {
    const auto place = find_endpoint(connection, endpoint.id);
    if (!place) return place.error();
    if (!*place) return no_such_endpoint(endpoint.id);
    if ((*place)->updated_at != endpoint.updated_at) return endpoint_has_changed(endpoint.id);
    const std::int64_t key = (*place)->key;
    updated_at = next_update_at((*place)->updated_at, now);
    if (auto done = overwrite_endpoint(connection, database_->sealer(), key, endpoint, updated_at);
        !done)
      return done;
    const Waiting from{(*place)->state == EndpointCode::disabled, (*place)->fifo};
    const Waiting to{endpoint.state == EndpointState::disabled, endpoint.fifo};
    if (from.fifo != to.fifo) {
      auto done = release_behind_breaker(connection, key, now);
      // What came out waits with the rest of a disabled endpoint.
      if (done && from.held) {
        done = rearrange_deliveries(connection, key, {false, from.fifo}, from);
      }
      if (!done) return done;
    }
    if (auto done = move_waiting(connection, key, from, to, now); !done) return done;
    if (from.held != to.held) {
      if (auto done = note_state(connection, key, endpoint, now); !done) return done;
    }
    return change_endpoints_version(connection, database_->random());
  });
  if (!written) return written.error();
  return updated_at;
}

Result<void> SqliteStore::delete_endpoint(std::string_view id, TimePoint now) {
  return write([&](Connection& connection) -> Result<void> {
    const auto place = find_endpoint(connection, id);
    if (!place) return place.error();
    if (!*place) return no_such_endpoint(id);
    const std::int64_t key = (*place)->key;
    const auto* cancel = find_transition(DeliveryState::pending, DeliverySignal::cancelled);
    auto cancelled = connection.query(
        "UPDATE deliveries SET state = ?, held = 0, next_attempt_at = NULL, updated_at = ?"
        " WHERE key IN (SELECT key FROM deliveries WHERE state = 0 AND held = 0 AND endpoint = ?3"
        " UNION ALL SELECT key FROM deliveries WHERE held = 1 AND endpoint = ?3"
        " UNION ALL SELECT key FROM deliveries WHERE fifo = 1 AND state = 0 AND endpoint = ?3"
        " AND held = 2"
        " UNION ALL SELECT key FROM deliveries WHERE held = 3 AND endpoint = ?3)",
        code_of(cancel->to), now, key);
    if (auto done = cancelled.run(); !done) return done;
    auto emptied = connection.query(
        "UPDATE endpoints SET state = ?, uid = NULL, url = '', description = '', events = x'',"
        " channels = x'', schemes = x'', secrets = x'', headers = x'', updated_at = ? WHERE key = "
        "?",
        code_of(EndpointCode::deleted), next_update_at((*place)->updated_at, now), key);
    if (auto done = emptied.run(); !done) return done;
    auto forgotten = connection.query("DELETE FROM endpoint_health WHERE endpoint = ?", key);
    if (auto done = forgotten.run(); !done) return done;
    return change_endpoints_version(connection, database_->random());
  });
}

Result<std::int64_t> SqliteStore::endpoints_version() {
  return read([](Connection& connection) -> Result<std::int64_t> {
    auto query = connection.query("SELECT endpoints_version FROM store_state");
    const auto found = query.step();
    if (!found) return found.error();
    return query.integer(0);
  });
}

}  // namespace webhookcore::sqlite
