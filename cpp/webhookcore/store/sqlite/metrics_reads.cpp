#include <unordered_set>

#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

// Rows of one read: a few milliseconds.
constexpr std::int64_t kPerRead = 20'000;

// By the index: an event's sameness begins with its type and a line feed, and \v comes next.
constexpr const char* kBreakerTripsSql =
    "SELECT sum((created_at >= ?4 AND created_at < ?5)"
    " + repeats * (last_at >= ?4 AND last_at < ?5)) FROM operational_events"
    " WHERE sameness >= ?6 || char(10) AND sameness < ?6 || char(11)"
    " AND (?1 = 0 OR coalesce('t' || tenant, '') = ?2) AND (?3 IS NULL OR endpoint = ?3)";

using EndpointKeys = std::unordered_set<std::int64_t>;

// ?1 to ?3 of every query that is about the wanted endpoints; deleted ones count along.
constexpr const char* kWantedEndpoints =
    "SELECT key FROM endpoints WHERE (?1 = 0 OR coalesce('t' || tenant, '') = ?2)"
    " AND (?3 IS NULL OR id = ?3)";

bool asks_for_all(const MetricsFilter& filter) { return !filter.tenant && !filter.endpoint_id; }

Query endpoint_query(Connection& connection, const std::string& sql, const MetricsFilter& filter) {
  return connection.query_once(sql, filter.tenant.has_value(),
                               scope_of(filter.tenant.value_or(std::nullopt)), filter.endpoint_id);
}

Result<EndpointKeys> wanted_endpoints(Connection& connection, const MetricsFilter& filter) {
  EndpointKeys keys;
  auto query = endpoint_query(connection, kWantedEndpoints, filter);
  auto done = query.each([&]() -> Result<void> {
    keys.insert(query.integer(0));
    return {};
  });
  if (!done) return done.error();
  return keys;
}

Result<std::int64_t> newest_key(Connection& connection) {
  auto query = connection.query("SELECT max(key) FROM deliveries");
  const auto found = query.step();
  if (!found) return found.error();
  return query.integer(0);  // NULL reads as 0.
}

// The first key whose row was created at `time` or later. Keys are given in the order of
// time, so that no index of times is needed, which every send() would pay for.
Result<std::int64_t> first_key_at(Connection& connection, TimePoint time) {
  const auto newest = newest_key(connection);
  if (!newest) return newest.error();
  std::int64_t low = 0;
  std::int64_t high = *newest + 1;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    auto query = connection.query(
        "SELECT key, created_at FROM deliveries WHERE key >= ? ORDER BY key LIMIT 1", middle);
    const auto found = query.step();
    if (!found) return found.error();
    if (*found && query.time(1) < time) {
      low = query.integer(0) + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Where a measurement stands between two reads.
struct Progress {
  std::int64_t next_key = 0;
  std::int64_t end_key = 0;  // Not included.
  std::int64_t last_message = 0;
};

Result<void> add_row(const Query& query, const EndpointKeys* wanted, Progress& progress,
                     DeliveryMetrics& metrics) {
  progress.next_key = query.integer(0) + 1;
  if (wanted != nullptr && wanted->count(query.integer(3)) == 0) return {};
  const auto state = delivery_state_of(query.integer(1));
  if (!state) return damaged("state of a delivery");
  const std::int64_t message = query.integer(6);
  add_delivery(metrics, {.state = *state,
                         .attempts = static_cast<int>(query.integer(2)),
                         .of_new_message = message != progress.last_message,
                         .began_at = query.time(4),
                         .updated_at = query.time(5)});
  progress.last_message = message;
  return {};
}

// False when there are no more rows.
Result<bool> add_piece(Connection& connection, const EndpointKeys* wanted, Progress& progress,
                       DeliveryMetrics& metrics) {
  std::int64_t rows = 0;
  auto query = connection.query(
      "SELECT key, state, attempts, endpoint, coalesce(replayed_at, created_at), updated_at,"
      " message FROM deliveries WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
      progress.next_key, progress.end_key, kPerRead);
  auto done = query.each([&]() -> Result<void> {
    ++rows;
    return add_row(query, wanted, progress, metrics);
  });
  if (!done) return done.error();
  return rows == kPerRead;
}

struct Waiting {
  std::int64_t count = 0;
  std::optional<std::int64_t> first_key = {};
};

// By one of the partial indexes, which hold only rows that are not done.
Result<Waiting> count_by_index(Connection& connection, const std::string& condition,
                               const MetricsFilter& filter) {
  std::string sql = "SELECT count(*), min(key) FROM deliveries WHERE " + condition;
  if (!asks_for_all(filter)) sql += std::string(" AND endpoint IN (") + kWantedEndpoints + ")";
  sql += asks_for_all(filter) ? " AND ?1 IS ?1 AND ?2 IS ?2 AND ?3 IS ?3" : "";
  auto query = endpoint_query(connection, sql, filter);
  const auto found = query.step();
  if (!found) return found.error();
  Waiting waiting{.count = query.integer(0), .first_key = {}};
  if (!query.is_null(1)) waiting.first_key = query.integer(1);
  return waiting;
}

Result<void> add_current(Connection& connection, const MetricsFilter& filter,
                         DeliveryMetrics& metrics) {
  std::optional<std::int64_t> oldest;
  for (const char* condition : {"state = 0 AND held = 0", "held = 1",
                                "fifo = 1 AND state < 2 AND state = 0 AND held = 2", "held = 3"}) {
    const auto waiting = count_by_index(connection, condition, filter);
    if (!waiting) return waiting.error();
    metrics.backlog += waiting->count;
    if (waiting->first_key && (!oldest || *waiting->first_key < *oldest)) {
      oldest = waiting->first_key;
    }
  }
  const auto dead = count_by_index(connection, "state = 3", filter);
  if (!dead) return dead.error();
  metrics.dead_letters = dead->count;
  if (!oldest) return {};
  auto query = connection.query("SELECT created_at FROM deliveries WHERE key = ?", *oldest);
  const auto found = query.step();
  if (!found) return found.error();
  if (*found) metrics.oldest_pending_at = query.time(0);
  return {};
}

// Repeats count with the last of them: only its time is known.
Result<void> add_trips(Connection& connection, const MetricsFilter& filter,
                       DeliveryMetrics& metrics) {
  auto query = connection.query(kBreakerTripsSql, filter.tenant.has_value(),
                                scope_of(filter.tenant.value_or(std::nullopt)), filter.endpoint_id,
                                filter.since.value_or(TimePoint::min()),
                                filter.until.value_or(TimePoint::max()), operational::kOpened);
  const auto found = query.step();
  if (!found) return found.error();
  metrics.breaker_trips = query.integer(0);  // NULL reads as 0.
  return {};
}

}  // namespace

Result<DeliveryMetrics> SqliteStore::measure(const MetricsFilter& filter) {
  DeliveryMetrics metrics;
  Progress progress;
  EndpointKeys keys;
  const auto prepared = read([&](Connection& connection) -> Result<void> {
    if (auto done = add_current(connection, filter, metrics); !done) return done;
    if (auto done = add_trips(connection, filter, metrics); !done) return done;
    auto wanted = wanted_endpoints(connection, filter);
    if (!wanted) return wanted.error();
    keys = std::move(*wanted);
    const auto first = first_key_at(connection, filter.since.value_or(TimePoint::min()));
    if (!first) return first.error();
    const auto end = first_key_at(connection, filter.until.value_or(TimePoint::max()));
    if (!end) return end.error();
    progress = {.next_key = *first, .end_key = *end};
    return {};
  });
  if (!prepared) return prepared.error();
  const EndpointKeys* wanted = asks_for_all(filter) ? nullptr : &keys;
  while (true) {
    const auto more = read(
        [&](Connection& connection) { return add_piece(connection, wanted, progress, metrics); });
    if (!more) return more.error();
    if (!*more) return metrics;
  }
}

}  // namespace webhookcore::sqlite
