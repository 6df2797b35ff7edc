#include <algorithm>

#include "webhookcore/store/sqlite/endpoint_rows.h"
#include "webhookcore/store/sqlite/health_rows.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

struct OpenBreaker {
  std::int64_t endpoint = 0;
  TimePoint probe_at{};
  Duration open_for{};
};

// Of endpoints that are enabled and have something waiting that may still be sent.
Result<std::vector<OpenBreaker>> open_breakers(Connection& connection, Duration open_for,
                                               TimePoint now) {
  std::vector<OpenBreaker> breakers;
  auto query = connection.query(
      "SELECT h.endpoint, h.probe_at, coalesce(e.breaker_open_for_ms, ?)"
      " FROM endpoint_health AS h JOIN endpoints AS e ON e.key = h.endpoint"
      " WHERE h.open_until IS NOT NULL AND e.state = 0"
      " AND EXISTS (SELECT 1 FROM deliveries WHERE held = 3 AND endpoint = h.endpoint"
      " AND (expires_at IS NULL OR expires_at > ?))",
      open_for, now);
  auto done = query.each([&]() -> Result<void> {
    breakers.push_back({query.integer(0), query.time(1), query.duration(2)});
    return {};
  });
  if (!done) return done.error();
  return breakers;
}

// The one that waits longest; an expired one would be cancelled and tell nothing.
Result<void> release_one(Connection& connection, const OpenBreaker& breaker, TimePoint now) {
  auto released = connection.query(
      "UPDATE deliveries SET held = 0, next_attempt_at = ? WHERE key ="
      " (SELECT min(key) FROM deliveries WHERE held = 3 AND endpoint = ?"
      " AND (expires_at IS NULL OR expires_at > ?1))",
      now, breaker.endpoint);
  if (auto done = released.run(); !done) return done;
  return connection
      .query("UPDATE endpoint_health SET probe_at = ? WHERE endpoint = ?",
             next_probe_at(breaker.open_for, now), breaker.endpoint)
      .run();
}

// The first key whose message was made at `since` or later, or one past
// the last. Keys grow with time, and no index on time is needed to find one.
Result<std::int64_t> first_message_since(Connection& connection, TimePoint since, std::int64_t low,
                                         std::int64_t high) {
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    auto query = connection.query(
        "SELECT key + fan_out + 1, created_at FROM messages WHERE key >= ? ORDER BY key LIMIT 1",
        middle);
    const auto found = query.step();
    if (!found) return found.error();
    if (!*found || query.time(1) >= since) {
      high = middle;
    } else {
      low = query.integer(0);
    }
  }
  return low;
}

struct KeyRange {
  std::int64_t first = 0;
  std::int64_t end = 0;  // One past the last.
  TimePoint oldest{};
};

Result<std::optional<KeyRange>> message_keys(Connection& connection) {
  KeyRange range;
  auto oldest = connection.query("SELECT key, created_at FROM messages ORDER BY key LIMIT 1");
  const auto found = oldest.step();
  if (!found) return found.error();
  if (!*found) return std::optional<KeyRange>();
  range.first = oldest.integer(0);
  range.oldest = oldest.time(1);
  auto newest =
      connection.query("SELECT key + fan_out + 1 FROM messages ORDER BY key DESC LIMIT 1");
  const auto read = newest.step();
  if (!read) return read.error();
  range.end = newest.integer(0);
  return std::optional(range);
}

}  // namespace

Result<std::optional<EndpointHealth>> SqliteStore::get_endpoint_health(std::string_view id) {
  return read([&](Connection& connection) -> Result<std::optional<EndpointHealth>> {
    const auto place = find_endpoint(connection, id);
    if (!place) return place.error();
    if (!*place) return std::optional<EndpointHealth>();
    return find_health(connection, (*place)->key);
  });
}

Result<Probes> SqliteStore::release_probes(Duration open_for, TimePoint now) {
  const auto seen =
      read([&](Connection& connection) { return open_breakers(connection, open_for, now); });
  if (!seen) return seen.error();
  Probes probes;
  const auto is_due = [&](const OpenBreaker& breaker) {
    return may_probe(breaker.probe_at, breaker.open_for, now);
  };
  for (const OpenBreaker& breaker : *seen) {
    const TimePoint at = is_due(breaker) ? next_probe_at(breaker.open_for, now) : breaker.probe_at;
    probes.next_at = std::min(at, probes.next_at.value_or(at));
  }
  if (std::none_of(seen->begin(), seen->end(), is_due)) return probes;

  const auto written = write([&](Connection& connection) -> Result<void> {
    // Looked for again: another process may have been faster.
    const auto breakers = open_breakers(connection, open_for, now);
    if (!breakers) return breakers.error();
    for (const OpenBreaker& breaker : *breakers) {
      if (!is_due(breaker)) continue;
      if (auto done = release_one(connection, breaker, now); !done) return done;
      ++probes.released;
    }
    return {};
  });
  if (!written) return written.error();
  return probes;
}

Result<std::vector<EndpointTraffic>> SqliteStore::recent_traffic(TimePoint since,
                                                                 std::size_t most) {
  return read([&](Connection& connection) -> Result<std::vector<EndpointTraffic>> {
    std::vector<EndpointTraffic> traffic;
    const auto range = message_keys(connection);
    if (!range) return range.error();
    if (!*range) return traffic;
    const auto first = first_message_since(connection, since, (*range)->first, (*range)->end);
    if (!first) return first.error();
    // The narrow rows count their own attempts: the log with its bodies is not read.
    auto query = connection.query(
        "SELECT e.id, e.tenant, t.attempts, t.delivered FROM (SELECT endpoint,"
        " sum(attempts) AS attempts, sum(state = 2) AS delivered FROM (SELECT endpoint, attempts,"
        " state FROM deliveries WHERE key >= ? ORDER BY key DESC LIMIT ?) GROUP BY endpoint) AS t"
        " JOIN endpoints AS e ON e.key = t.endpoint WHERE t.attempts > 0 AND e.state <> 2",
        *first, most);
    auto done = query.each([&]() -> Result<void> {
      const std::int64_t attempts = query.integer(2);
      traffic.push_back({query.text(0), query.optional_text(1), attempts,
                         std::max<std::int64_t>(0, attempts - query.integer(3))});
      return {};
    });
    if (!done) return done.error();
    return traffic;
  });
}

Result<std::optional<std::int64_t>> SqliteStore::volume_until(TimePoint at) {
  return read([&](Connection& connection) -> Result<std::optional<std::int64_t>> {
    const auto range = message_keys(connection);
    if (!range) return range.error();
    if (!*range || (*range)->oldest >= at) return std::optional<std::int64_t>();
    const auto first = first_message_since(connection, at, (*range)->first, (*range)->end);
    if (!first) return first.error();
    return std::optional(*first);
  });
}

}  // namespace webhookcore::sqlite
