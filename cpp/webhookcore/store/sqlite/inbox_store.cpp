#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/inbox_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

std::string select_events(const std::string& rest) {
  return std::string("SELECT ") + kInboxColumns + " FROM inbox " + rest;
}

struct LostEvent {
  std::int64_t key = 0;
  int crashes = 0;
};

Result<std::vector<LostEvent>> read_lost(const Database& database, Connection& connection,
                                         TimePoint now) {
  std::vector<LostEvent> lost;
  auto query =
      connection.query("SELECT key, crashes, owner, lease_expires_at FROM inbox WHERE state = 1");
  auto done = query.each([&]() -> Result<void> {
    if (claim_is_free(database.owner_state(query.integer(2)), query.time(3), now)) {
      lost.push_back({query.integer(0), static_cast<int>(query.integer(1))});
    }
    return {};
  });
  if (!done) return done.error();
  return lost;
}

Result<void> take_back(Connection& connection, const LostEvent& event, TimePoint now) {
  const bool spent = crashes_are_spent(event.crashes);
  const auto next = spent ? std::nullopt : std::optional(now);
  return connection
      .query(
          "UPDATE inbox SET state = ?, crashes = crashes + 1, next_attempt_at = ?, owner = NULL,"
          " lease_token = NULL, lease_expires_at = NULL,"
          " last_error = CASE WHEN ? THEN 'crash_loop' ELSE last_error END, updated_at = ?"
          " WHERE key = ?",
          code_of(spent ? InboxState::dead : InboxState::pending), next, spent, now, event.key)
      .run();
}

Result<std::vector<InboxEvent>> read_events(Query query) {
  std::vector<InboxEvent> events;
  auto done = query.each([&]() -> Result<void> {
    auto event = read_event(query);
    if (!event) return event.error();
    events.push_back(std::move(*event));
    return {};
  });
  if (!done) return done.error();
  return events;
}

Result<std::optional<TimePoint>> earliest_due(Connection& connection) {
  auto query = connection.query(
      "SELECT next_attempt_at FROM inbox WHERE state = 0 ORDER BY next_attempt_at LIMIT 1");
  const auto found = query.step();
  if (!found) return found.error();
  return *found ? query.optional_time(0) : std::nullopt;
}

}  // namespace

Result<std::vector<ClaimedEvent>> SqliteStore::claim_due_events(TimePoint now, std::size_t limit,
                                                                Duration lease) {
  static const std::string sql = select_events(
      "WHERE state = 0 AND next_attempt_at <= ? ORDER BY next_attempt_at, key LIMIT ?");
  const auto due = next_event_due_at();
  if (!due) return due.error();
  std::vector<ClaimedEvent> claimed;
  if (!*due || **due > now || limit == 0) return claimed;

  const LeaseToken token = draw_token();
  const auto written = write([&](Connection& connection) -> Result<void> {
    auto events = read_events(connection.query(sql.c_str(), now, limit));
    if (!events) return events.error();
    for (InboxEvent& event : *events) {
      event.state = InboxState::running;
      event.next_attempt_at = std::nullopt;
      event.updated_at = now;
      auto query = connection.query(
          "UPDATE inbox SET state = ?, next_attempt_at = NULL, owner = ?, lease_token = ?,"
          " lease_expires_at = ?, updated_at = ? WHERE key = ?",
          code_of(event.state), database_->owner(), Blob{token.value}, now + lease, now, event.key);
      if (auto done = query.run(); !done) return done;
      claimed.push_back({std::move(event), token});
    }
    return {};
  });
  if (!written) return written.error();
  return claimed;
}

Result<void> SqliteStore::complete_event(const EventCompletion& completion, TimePoint now) {
  if (completion.state == InboxState::running) {
    return Error{ErrorCode::config, "a run ends as done, pending or dead", "state"};
  }
  const bool waits = completion.state == InboxState::pending;
  const bool failed = completion.state != InboxState::done && completion.counts;
  const auto next = waits ? std::optional(completion.next_attempt_at.value_or(now)) : std::nullopt;
  return write([&](Connection& connection) -> Result<void> {
    auto query = connection.query(
        "UPDATE inbox SET state = ?, next_attempt_at = ?, attempts = attempts + ?,"
        " handler_result = ?, last_error = ?, updated_at = ?, owner = NULL, lease_token = NULL,"
        " lease_expires_at = NULL WHERE key = ? AND state = ? AND lease_token = ?",
        code_of(completion.state), next, failed, completion.handler_result, completion.error, now,
        completion.key, code_of(InboxState::running), Blob{completion.token.value});
    if (auto done = query.run(); !done) return done;
    if (connection.changed_rows() == 1) return {};
    return Error{ErrorCode::lease_lost, "the event was taken back"};
  });
}

Result<std::size_t> SqliteStore::reap_events(TimePoint now) {
  database_->checkpoint_if_idle();
  const auto seen =
      read([&](Connection& connection) { return read_lost(*database_, connection, now); });
  if (!seen) return seen.error();
  if (seen->empty()) return std::size_t{0};

  std::size_t reaped = 0;
  const auto written = write([&](Connection& connection) -> Result<void> {
    const auto lost = read_lost(*database_, connection, now);
    if (!lost) return lost.error();
    for (const LostEvent& event : *lost) {
      if (auto done = take_back(connection, event, now); !done) return done;
    }
    reaped = lost->size();
    return {};
  });
  if (!written) return written.error();
  return reaped;
}

Result<std::optional<TimePoint>> SqliteStore::next_event_due_at() { return read(earliest_due); }

Result<std::optional<InboxEvent>> SqliteStore::get_event(std::int64_t key) {
  static const std::string sql = select_events("WHERE key = ?");
  return read([&](Connection& connection) -> Result<std::optional<InboxEvent>> {
    auto events = read_events(connection.query(sql.c_str(), key));
    if (!events) return events.error();
    if (events->empty()) return std::optional<InboxEvent>();
    return std::optional(std::move(events->front()));
  });
}

Result<std::vector<InboxEvent>> SqliteStore::list_events(const InboxFilter& filter) {
  std::string rest = "WHERE (?1 IS NULL OR source = ?1) AND (?2 IS NULL OR key < ?2)";
  // As a literal, so that dead events are found by their index.
  if (filter.state) rest += " AND state = " + std::to_string(code_of(*filter.state));
  const std::string sql = select_events(rest + " ORDER BY key DESC LIMIT ?3");
  return read([&](Connection& connection) {
    return read_events(connection.query_once(sql, filter.source, filter.before_key, filter.limit));
  });
}

Result<void> SqliteStore::replay_event(std::int64_t key, TimePoint now) {
  return write([&](Connection& connection) -> Result<void> {
    const auto revived = revive_event(connection, key, now);
    if (!revived) return revived.error();
    if (*revived) return {};
    auto query = connection.query("SELECT 1 FROM inbox WHERE key = ?", key);
    const auto found = query.step();
    if (!found) return found.error();
    if (!*found) return Error{ErrorCode::not_found, "there is no event " + std::to_string(key)};
    return Error{ErrorCode::conflict, "event " + std::to_string(key) + " is not dead"};
  });
}

}  // namespace webhookcore::sqlite
