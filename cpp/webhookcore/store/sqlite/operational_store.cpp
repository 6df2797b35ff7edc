#include "webhookcore/core/event_pattern.h"
#include "webhookcore/store/sqlite/endpoint_directory.h"
#include "webhookcore/store/sqlite/operational_rows.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

constexpr const char* kColumns =
    "SELECT key, type, subject, tenant, endpoint, delivery, details, created_at, repeats, last_at"
    " FROM operational_events ";

OperationalEvent read_event(const Query& query) {
  OperationalEvent event;
  event.key = query.integer(0);
  event.type = query.text(1);
  event.subject = query.text(2);
  event.tenant = query.optional_text(3);
  event.endpoint_id = query.text(4);
  if (!query.is_null(5)) event.delivery = query.integer(5);
  event.details = query.text(6);
  event.at = query.time(7);
  event.repeats = query.integer(8);
  event.last_at = query.time(9);
  return event;
}

}  // namespace

Result<void> SqliteStore::add_operational_event(const OperationalEvent& event) {
  return write(
      [&](Connection& connection) { return sqlite::add_operational_event(connection, event); });
}

Result<std::vector<OperationalEvent>> SqliteStore::list_operational_events(
    const OperationalFilter& filter) {
  // A condition whose first value is 0 asks for nothing. Types are matched here: SQLite's
  // GLOB knows more wildcards than a pattern has.
  static const std::string sql =
      std::string(kColumns) +
      "WHERE (?1 = 0 OR coalesce('t' || tenant, '') = ?2) AND (?3 IS NULL OR endpoint = ?3)"
      " AND (?4 IS NULL OR created_at >= ?4) AND (?5 IS NULL OR key < ?5) ORDER BY key DESC";
  return read([&](Connection& connection) -> Result<std::vector<OperationalEvent>> {
    std::vector<OperationalEvent> events;
    auto query = connection.query(sql.c_str(), filter.tenant.has_value(),
                                  scope_of(filter.tenant.value_or(std::nullopt)),
                                  filter.endpoint_id, filter.since, filter.before_key);
    while (events.size() < filter.limit) {
      const auto found = query.step();
      if (!found) return found.error();
      if (!*found) break;
      if (filter.type && !matches_event_pattern(*filter.type, query.view(1))) continue;
      events.push_back(read_event(query));
    }
    return events;
  });
}

Result<std::vector<OperationalEvent>> SqliteStore::unread_operational_events(
    std::string_view reader, std::size_t limit) {
  static const std::string sql =
      std::string(kColumns) +
      "WHERE key > coalesce((SELECT position FROM operational_readers WHERE name = ?), 0)"
      " ORDER BY key LIMIT ?";
  return read([&](Connection& connection) -> Result<std::vector<OperationalEvent>> {
    std::vector<OperationalEvent> events;
    auto query = connection.query(sql.c_str(), reader, limit);
    auto done = query.each([&]() -> Result<void> {
      events.push_back(read_event(query));
      return {};
    });
    if (!done) return done.error();
    return events;
  });
}

Result<void> SqliteStore::start_operational_reader(std::string_view reader) {
  return write([&](Connection& connection) {
    return connection
        .query(
            "INSERT OR IGNORE INTO operational_readers (name, position)"
            " VALUES (?, coalesce((SELECT max(key) FROM operational_events), 0))",
            reader)
        .run();
  });
}

Result<void> SqliteStore::advance_operational_reader(std::string_view reader, std::int64_t key) {
  return write([&](Connection& connection) {
    return connection
        .query(
            "INSERT INTO operational_readers (name, position) VALUES (?1, ?2)"
            " ON CONFLICT (name) DO UPDATE SET position = max(position, ?2)",
            reader, key)
        .run();
  });
}

Result<std::size_t> SqliteStore::prune_operational_events(TimePoint before, std::size_t limit) {
  std::size_t pruned = 0;
  const auto written = write([&](Connection& connection) -> Result<void> {
    auto query = connection.query(
        "DELETE FROM operational_events WHERE key IN (SELECT key FROM operational_events"
        " ORDER BY key LIMIT ?2) AND last_at < ?1",
        before, limit);
    if (auto done = query.run(); !done) return done;
    pruned = static_cast<std::size_t>(connection.changed_rows());
    return {};
  });
  if (!written) return written.error();
  return pruned;
}

}  // namespace webhookcore::sqlite
