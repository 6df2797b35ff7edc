#include "webhookcore/store/sqlite/delivery_rows.h"

#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

Result<EndpointCode> state_of_endpoint(Connection& connection, std::int64_t key) {
  auto query = connection.query("SELECT state FROM endpoints WHERE key = ?", key);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return EndpointCode::deleted;
  const auto state = value_of(query.integer(0), EndpointCode::deleted);
  if (!state) return damaged("state of an endpoint");
  return *state;
}

Result<void> note_pause(Connection& connection, std::int64_t endpoint, bool begins) {
  if (begins) {
    return connection
        .query(
            "INSERT OR REPLACE INTO endpoint_pauses (endpoint, after_message, until_message)"
            " VALUES (?, coalesce((SELECT max(key) FROM messages), 0), NULL)",
            endpoint)
        .run();
  }
  return connection
      .query(
          "UPDATE endpoint_pauses SET until_message = coalesce((SELECT max(key) FROM messages), 0)"
          " WHERE endpoint = ? AND until_message IS NULL",
          endpoint)
      .run();
}

}  // namespace

Result<std::optional<DeliveryRow>> find_delivery(Connection& connection, std::int64_t key) {
  auto query = connection.query(
      "SELECT endpoint, state, lease_token, owner, lease_expires_at, attempts, budget_used, reaps,"
      " cause, last_status, last_error, replayed_at FROM deliveries WHERE key = ?",
      key);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<DeliveryRow>();
  const auto state = delivery_state_of(query.integer(1));
  const auto cause = value_of(query.integer(8), Cause::replay);
  if (!state || !cause) return damaged("state of a delivery");
  return std::optional(DeliveryRow{key, query.integer(0), *state, query.text(2), query.integer(3),
                                   query.time(4), static_cast<int>(query.integer(5)),
                                   static_cast<int>(query.integer(6)),
                                   static_cast<int>(query.integer(7)), *cause,
                                   query.optional_int(9), query.text(10), query.optional_time(11)});
}

Result<void> put_delivery(Connection& connection, const DeliveryRow& row,
                          std::optional<TimePoint> next_attempt_at, TimePoint now) {
  DeliveryState state = row.state;
  bool held = false;
  if (state == DeliveryState::pending) {
    const auto endpoint = state_of_endpoint(connection, row.endpoint);
    if (!endpoint) return endpoint.error();
    held = *endpoint == EndpointCode::disabled;
    if (*endpoint == EndpointCode::deleted) {
      state = find_transition(state, DeliverySignal::cancelled)->to;
      next_attempt_at = std::nullopt;
    }
  }
  return connection
      .query(
          "UPDATE deliveries SET state = ?, held = ?, cause = ?, attempts = ?, budget_used = ?,"
          " reaps = ?, next_attempt_at = ?, owner = NULL, lease_token = NULL,"
          " lease_expires_at = NULL, last_status = ?, last_error = ?, updated_at = ?,"
          " replayed_at = ? WHERE key = ?",
          code_of(state), held, code_of(row.cause), row.attempts, row.budget_used, row.reaps,
          next_attempt_at, row.last_status, row.last_error, now, row.replayed_at, row.key)
      .run();
}

Result<void> hold_deliveries(Connection& connection, std::int64_t endpoint, bool held) {
  if (auto done = note_pause(connection, endpoint, held); !done) return done;
  // Each direction by an index: the rows that wait, or the rows that are held.
  if (held) {
    return connection
        .query(
            "UPDATE deliveries SET held = 1 WHERE key IN (SELECT key FROM deliveries"
            " WHERE state = 0 AND held = 0 AND endpoint = ?)",
            endpoint)
        .run();
  }
  return connection
      .query("UPDATE deliveries SET held = 0 WHERE held = 1 AND endpoint = ?", endpoint)
      .run();
}

Result<void> change_endpoints_version(Connection& connection, Random& random) {
  // Positive, since -1 means "not read yet" to a cache.
  const auto version = static_cast<std::int64_t>(random.draw() >> 1);
  return connection.query("UPDATE store_state SET endpoints_version = ?", version).run();
}

}  // namespace webhookcore::sqlite
