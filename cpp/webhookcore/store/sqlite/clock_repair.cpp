// What the store does about a wall clock that was set. The rules are in core/clock_jump.h.
#include <algorithm>
#include <utility>
#include <vector>

#include "webhookcore/core/clock_jump.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

// Bounds one transaction.
constexpr std::size_t kLargestBatch = 1000;

// All that still waits, by the four indexes that hold such rows. What is due is in nobody's
// way, so a backlog costs nothing.
Result<std::vector<MovedWait>> read_moved(Connection& connection, TimePoint now) {
  std::vector<MovedWait> moved;
  auto query = connection.query(
      "SELECT key, next_attempt_at, created_at, updated_at, attempts FROM deliveries WHERE key IN"
      " (SELECT key FROM deliveries WHERE state = 0 AND held = 0"
      " AND rank IN (0, 1, 2, 3, 4, 5) AND next_attempt_at > ?1"
      " UNION ALL SELECT key FROM deliveries WHERE held = 1"
      " UNION ALL SELECT key FROM deliveries WHERE held = 3"
      " UNION ALL SELECT key FROM deliveries WHERE fifo = 1 AND state = 0)"
      " AND next_attempt_at > ?1 AND updated_at > ?1",
      now);
  const auto done = query.each([&]() -> Result<void> {
    const auto due = due_after_jump(
        {query.time(1), query.time(2), query.time(3), static_cast<int>(query.integer(4))}, now);
    if (due) moved.push_back({query.integer(0), *due});
    return {};
  });
  if (!done) return done.error();
  return moved;
}

// The lanes' index has what waits by its time; what is due is not looked at.
Result<std::vector<MovedWait>> read_moved_events(Connection& connection, TimePoint now) {
  std::vector<MovedWait> moved;
  auto query = connection.query(
      "SELECT key, next_attempt_at, updated_at FROM inbox WHERE state = 0"
      " AND next_attempt_at > ?1 AND updated_at > ?1",
      now);
  const auto done = query.each([&]() -> Result<void> {
    const auto due = event_due_after_jump(query.time(1), query.time(2), now);
    if (due) moved.push_back({query.integer(0), *due});
    return {};
  });
  if (!done) return done.error();
  return moved;
}

Result<TimePoint> read_noted(Connection& connection) {
  auto query = connection.query("SELECT noted_at FROM store_state");
  if (const auto found = query.step(); !found) return found.error();
  return query.time(0);
}

Result<TimePoint> read_latest(Connection& connection) {
  const auto noted = read_noted(connection);
  if (!noted) return noted;
  auto newest = connection.query("SELECT created_at FROM messages ORDER BY key DESC LIMIT 1");
  const auto found = newest.step();
  if (!found) return found.error();
  return *found ? std::max(*noted, newest.time(0)) : *noted;
}

}  // namespace

Result<void> SqliteStore::extend_leases(Duration by) {
  return write([&](Connection& connection) {
    return connection
        .query("UPDATE deliveries SET lease_expires_at = lease_expires_at + ? WHERE state = 1", by)
        .run();
  });
}

Result<void> SqliteStore::extend_own_event_leases(Duration by) {
  return write([&](Connection& connection) {
    return connection
        .query(
            "UPDATE inbox SET lease_expires_at = lease_expires_at + ? WHERE state = 1"
            " AND owner = ?",
            by, database_->owner())
        .run();
  });
}

Result<std::size_t> SqliteStore::restart_waits(TimePoint now) {
  const auto moved = read([&](Connection& connection) { return read_moved(connection, now); });
  if (!moved) return moved.error();
  return move_all(*moved, now,
                  "UPDATE deliveries SET next_attempt_at = ?1, updated_at = ?2"
                  " WHERE key = ?3 AND state = 0 AND updated_at > ?2");
}

Result<std::size_t> SqliteStore::restart_event_waits(TimePoint now) {
  const auto moved =
      read([&](Connection& connection) { return read_moved_events(connection, now); });
  if (!moved) return moved.error();
  return move_all(*moved, now,
                  "UPDATE inbox SET next_attempt_at = ?1, updated_at = ?2"
                  " WHERE key = ?3 AND state = 0 AND updated_at > ?2");
}

Result<std::size_t> SqliteStore::move_all(const std::vector<MovedWait>& moved, TimePoint now,
                                          const char* sql) {
  for (std::size_t start = 0; start < moved.size(); start += kLargestBatch) {
    const std::size_t end = std::min(moved.size(), start + kLargestBatch);
    const auto written = write([&](Connection& connection) -> Result<void> {
      for (std::size_t i = start; i < end; ++i) {
        // Not what somebody has claimed or written since.
        auto query = connection.query(sql, moved[i].due, now, moved[i].key);
        if (auto done = query.run(); !done) return done;
      }
      return {};
    });
    if (!written) return written.error();
  }
  return moved.size();
}

Result<bool> SqliteStore::knows_later_than(TimePoint now) {
  const auto latest = read(read_latest);
  if (!latest) return latest.error();
  return *latest > now;
}

Result<void> SqliteStore::note_time(TimePoint now) {
  const auto update = [&](Connection& connection) {
    return connection.query("UPDATE store_state SET noted_at = ?", now).run();
  };
  return write(update, Survives::kill);
}

}  // namespace webhookcore::sqlite
