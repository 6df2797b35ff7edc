// Stored events looked at, counted, replayed and deleted by hand.
#include <array>

#include "webhookcore/core/event_pattern.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/inbox_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

// ?1 to ?5; the pattern is left to whoever steps. The state is a literal, so that dead events are
// found by their index.
std::string conditions(const InboxFilter& filter) {
  std::string where =
      " FROM inbox WHERE (?1 IS NULL OR source = ?1)"
      " AND (?2 IS NULL OR last_error = ?2 OR substr(last_error, 1, length(?2) + 1) = ?2 || ':')"
      " AND (?3 IS NULL OR updated_at >= ?3) AND (?4 IS NULL OR updated_at < ?4)";
  if (filter.state) return where + " AND state = " + std::to_string(code_of(*filter.state));
  return where + " AND state <> " + std::to_string(kDeletedEvent);
}

template <typename... Values>
Query filtered(Connection& connection, const std::string& sql, const InboxFilter& filter,
               const Values&... values) {
  return connection.query_once(sql, filter.source, filter.error, filter.since, filter.until,
                               values...);
}

bool takes(const InboxFilter& filter, std::string_view type) {
  return !filter.pattern || matches_event_pattern(*filter.pattern, type);
}

struct Found {
  std::int64_t key = 0;
  bool is_wanted = false;
  InboxState state = InboxState::dead;
};

// At most `limit` rows behind `place`, oldest first.
Result<std::vector<Found>> read_next(Connection& connection, const InboxFilter& filter,
                                     std::int64_t place, std::size_t limit) {
  const std::string sql = "SELECT key, ifnull(type, ''), state" + conditions(filter) +
                          " AND key > ?5 ORDER BY key LIMIT ?6";
  std::vector<Found> rows;
  auto query = filtered(connection, sql, filter, place, limit);
  auto done = query.each([&]() -> Result<void> {
    const auto state = inbox_state_of(query.integer(2));
    if (!state) return damaged("inbox event");
    rows.push_back({query.integer(0), takes(filter, query.view(1)), *state});
    return {};
  });
  if (!done) return done.error();
  return rows;
}

// Emptied in its place when it is the newest, whose key is the counter.
Result<void> erase(Connection& connection, std::int64_t key) {
  auto done =
      connection
          .query("DELETE FROM inbox WHERE key = ? AND key < (SELECT max(key) FROM inbox)", key)
          .run();
  if (!done || connection.changed_rows() == 1) return done;
  return connection
      .query(
          "UPDATE inbox SET state = ?, event_id = NULL, event_key = NULL, type = NULL,"
          " signed_at = NULL, last_error = '', handler_result = '', headers = x'', body = x''"
          " WHERE key = ?",
          kDeletedEvent, key)
      .run();
}

bool is_over(InboxState state) { return state == InboxState::done || state == InboxState::dead; }

}  // namespace

Result<std::optional<InboxEvent>> SqliteStore::get_event(std::int64_t key) {
  static const std::string sql =
      std::string("SELECT ") + kInboxColumns + " FROM inbox WHERE key = ? AND state <> ?";
  return read([&](Connection& connection) -> Result<std::optional<InboxEvent>> {
    auto query = connection.query(sql.c_str(), key, kDeletedEvent);
    const auto found = query.step();
    if (!found) return found.error();
    if (!*found) return std::optional<InboxEvent>();
    auto event = read_event(query);
    if (!event) return event.error();
    return std::optional(std::move(*event));
  });
}

Result<std::vector<InboxEvent>> SqliteStore::list_events(const InboxFilter& filter) {
  const std::string sql = std::string("SELECT ") + kInboxColumns + conditions(filter) +
                          " AND (?5 IS NULL OR key < ?5) ORDER BY key DESC";
  return read([&](Connection& connection) -> Result<std::vector<InboxEvent>> {
    std::vector<InboxEvent> events;
    auto query = filtered(connection, sql, filter, filter.before_key);
    while (events.size() < filter.limit) {
      const auto found = query.step();
      if (!found) return found.error();
      if (!*found) break;
      if (!takes(filter, query.view(4))) continue;
      auto event = read_event(query);
      if (!event) return event.error();
      events.push_back(std::move(*event));
    }
    return events;
  });
}

Result<InboxCounts> SqliteStore::count_events(const InboxFilter& filter) {
  const std::string sql =
      "SELECT state, ifnull(type, ''), count(*)" + conditions(filter) + " GROUP BY state, type";
  return read([&](Connection& connection) -> Result<InboxCounts> {
    std::array<std::int64_t, 4> counts{};
    auto query = filtered(connection, sql, filter);
    auto done = query.each([&]() -> Result<void> {
      const auto state = inbox_state_of(query.integer(0));
      if (!state) return damaged("state of an event");
      if (takes(filter, query.view(1))) {
        counts[static_cast<std::size_t>(*state)] += query.integer(2);
      }
      return {};
    });
    if (!done) return done.error();
    return InboxCounts{counts[0], counts[1], counts[2], counts[3]};
  });
}

Result<std::size_t> SqliteStore::count_inbox_backlog(std::size_t most,
                                                     const std::optional<std::string>& source) {
  return read([&](Connection& connection) { return read_backlog(connection, most, source); });
}

void SqliteStore::set_max_inbox(std::optional<std::int64_t> most) {
  // In its turn with what is being written; a store that is closed has nothing to bound.
  (void)write([&](Connection&) -> Result<void> {
    inbox_room_.set_most(most.value_or(0));
    return {};
  });
}

Result<void> SqliteStore::replay_event(std::int64_t key, TimePoint now) {
  return write([&](Connection& connection) -> Result<void> {
    const auto revived = revive_event(connection, key, now);
    if (!revived) return revived.error();
    return *revived ? Result<void>() : refuse_event(connection, key, "dead");
  });
}

Result<std::size_t> SqliteStore::replay_events(const InboxFilter& filter, std::int64_t& place,
                                               std::size_t looks, TimePoint now) {
  InboxFilter dead = filter;
  dead.state = InboxState::dead;
  std::size_t replayed = 0;
  std::int64_t next = place;
  const auto written = write([&](Connection& connection) -> Result<void> {
    replayed = 0;
    const auto rows = read_next(connection, dead, place, looks);
    if (!rows) return rows.error();
    next = rows->size() < looks ? 0 : rows->back().key;
    for (const Found& row : *rows) {
      if (!row.is_wanted) continue;
      if (replayed == filter.limit) return {};
      const auto revived = revive_event(connection, row.key, now);
      if (!revived) return revived.error();
      replayed += *revived ? 1 : 0;
    }
    return {};
  });
  if (!written) return written.error();
  place = next;
  return replayed;
}

Result<void> SqliteStore::delete_event(std::int64_t key) {
  return write([&](Connection& connection) -> Result<void> {
    auto query = connection.query("SELECT 1 FROM inbox WHERE key = ? AND state IN (?, ?)", key,
                                  code_of(InboxState::done), code_of(InboxState::dead));
    const auto found = query.step();
    if (!found) return found.error();
    return *found ? erase(connection, key) : refuse_event(connection, key, "done or dead");
  });
}

Result<std::size_t> SqliteStore::delete_events(const InboxFilter& filter, std::int64_t& place,
                                               std::size_t limit) {
  std::size_t deleted = 0;
  std::int64_t next = place;
  const auto written = write([&](Connection& connection) -> Result<void> {
    deleted = 0;
    const auto rows = read_next(connection, filter, place, limit);
    if (!rows) return rows.error();
    for (const Found& row : *rows) {
      if (!row.is_wanted || !is_over(row.state)) continue;
      if (auto done = erase(connection, row.key); !done) return done;
      ++deleted;
    }
    next = rows->size() < limit ? 0 : rows->back().key;
    return {};
  });
  if (!written) return written.error();
  place = next;
  return deleted;
}

}  // namespace webhookcore::sqlite
