#include "webhookcore/store/sqlite/health_rows.h"

namespace webhookcore::sqlite {

namespace {

Result<void> write_health(Connection& connection, std::int64_t endpoint,
                          const EndpointHealth& health) {
  const CircuitBreaker& breaker = health.breaker;
  return connection
      .query(
          "INSERT INTO endpoint_health (endpoint, failures_in_a_row, open_until, probe_at, trips,"
          " failing_since, last_failure_at, recovered_at, epoch)"
          " VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8)"
          " ON CONFLICT (endpoint) DO UPDATE SET failures_in_a_row = ?2, open_until = ?3,"
          " probe_at = iif(open_until IS ?3, probe_at, ?3), trips = ?4, failing_since = ?5,"
          " last_failure_at = ?6, recovered_at = ?7, epoch = ?8",
          endpoint, breaker.failures_in_a_row, breaker.open_until, breaker.trips,
          health.failing_since, health.last_failure_at, health.recovered_at, health.epoch)
      .run();
}

// The first of a line that was put back because of the breaker waits by its time, and the whole
// line behind it: no row of an ordered endpoint is held.
Result<void> release_line(Connection& connection, std::int64_t endpoint, TimePoint open_until,
                          TimePoint now) {
  return connection
      .query(
          "UPDATE deliveries SET next_attempt_at = ? WHERE endpoint = ? AND fifo = 1 AND state = 0"
          " AND held = 0 AND next_attempt_at = ?",
          now, endpoint, open_until)
      .run();
}

}  // namespace

// The longest waiting first, at even distances.
Result<void> release_behind_breaker(Connection& connection, std::int64_t endpoint, TimePoint now) {
  auto query =
      connection.query("SELECT count(*) FROM deliveries WHERE held = 3 AND endpoint = ?", endpoint);
  const auto found = query.step();
  if (!found) return found.error();
  const std::int64_t waiting = query.integer(0);
  if (waiting == 0) return {};
  return connection
      .query(
          "UPDATE deliveries SET held = 0, next_attempt_at = ?1 + ?2 * (line.place - 1) / ?3"
          " FROM (SELECT key AS waiting, row_number() OVER (ORDER BY key) AS place"
          " FROM deliveries WHERE held = 3 AND endpoint = ?4) AS line WHERE key = line.waiting",
          now, release_spread(waiting), waiting, endpoint)
      .run();
}

Result<std::optional<EndpointHealth>> find_health(Connection& connection, std::int64_t endpoint) {
  auto query = connection.query(
      "SELECT failures_in_a_row, open_until, trips, failing_since, last_failure_at, recovered_at,"
      " epoch FROM endpoint_health WHERE endpoint = ?",
      endpoint);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<EndpointHealth>();
  EndpointHealth health;
  health.breaker.failures_in_a_row = static_cast<int>(query.integer(0));
  health.breaker.open_until = query.optional_time(1);
  health.breaker.trips = query.integer(2);
  health.failing_since = query.optional_time(3);
  health.last_failure_at = query.optional_time(4);
  health.recovered_at = query.optional_time(5);
  health.epoch = query.integer(6);
  return std::optional(health);
}

Result<bool> put_health(Connection& connection, std::int64_t endpoint, const EndpointHealth& health,
                        TimePoint now) {
  const auto before = find_health(connection, endpoint);
  if (!before) return before.error();
  if ((*before ? (*before)->epoch : 0) != health.epoch) return false;
  if (auto done = write_health(connection, endpoint, health); !done) return done.error();
  const bool closes = *before && (*before)->breaker.open_until && !health.breaker.open_until;
  if (closes) {
    if (auto done = release_behind_breaker(connection, endpoint, now); !done) return done.error();
  }
  return true;
}

Result<void> begin_epoch(Connection& connection, std::int64_t endpoint, TimePoint now) {
  const auto before = find_health(connection, endpoint);
  if (!before) return before.error();
  const EndpointHealth fresh = enabled_again(before->value_or(EndpointHealth{}));
  if (auto done = write_health(connection, endpoint, fresh); !done) return done;
  if (*before && (*before)->breaker.open_until) {
    const TimePoint open_until = *(*before)->breaker.open_until;
    if (auto done = release_line(connection, endpoint, open_until, now); !done) return done;
  }
  return release_behind_breaker(connection, endpoint, now);
}

Result<void> hold_behind_breaker(Connection& connection, const DeliveryRow& row) {
  return connection
      .query(
          "UPDATE deliveries SET held = 3 WHERE key = ? AND state = 0 AND held = 0 AND fifo = 0"
          " AND EXISTS"
          " (SELECT 1 FROM endpoint_health WHERE endpoint = ? AND open_until IS NOT NULL)",
          row.key, row.endpoint)
      .run();
}

}  // namespace webhookcore::sqlite
