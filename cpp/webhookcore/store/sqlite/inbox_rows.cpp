#include "webhookcore/store/sqlite/inbox_rows.h"

#include <utility>

#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/text_list.h"

namespace webhookcore::sqlite {

Result<InboxEvent> read_event(const Query& query) {
  const auto state = inbox_state_of(query.integer(9));
  auto headers = decode_headers(query.view(6));
  if (!state || !headers) return damaged("inbox event");
  InboxEvent event;
  event.key = query.integer(0);
  event.source = query.text(1);
  event.provider = query.text(2);
  event.event_id = query.optional_text(3);
  event.type = query.optional_text(4);
  event.body = query.text(5);
  event.headers = std::move(*headers);
  event.timestamp = query.optional_time(7);
  event.matched_secret = static_cast<std::size_t>(query.integer(8));
  event.state = *state;
  event.attempts = static_cast<int>(query.integer(10));
  event.crashes = static_cast<int>(query.integer(11));
  event.next_attempt_at = query.optional_time(12);
  event.last_error = query.text(13);
  event.handler_result = query.text(14);
  event.received_at = query.time(15);
  event.updated_at = query.time(16);
  event.event_key = query.optional_text(17);
  event.priority = priority_of(static_cast<int>(query.integer(18)));
  return event;
}

Result<std::int64_t> insert_event(Connection& connection, const NewEvent& accepted, TimePoint now) {
  const InboxEvent& event = accepted.event;
  auto query = connection.query(
      "INSERT INTO inbox (source, provider, event_id, event_key, type, rank, signed_at,"
      " matched_secret, state, attempts, crashes, next_attempt_at, last_error, handler_result,"
      " received_at, updated_at, headers, body)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, '', '', ?, ?, ?, ?)",
      event.source, event.provider, event.event_id, accepted.event_key, event.type,
      rank_of(event.priority, 0), event.timestamp, event.matched_secret,
      code_of(InboxState::pending), now, event.received_at, now,
      Blob{encode_headers(event.headers)}, Borrowed{event.body});
  if (auto done = query.run(); !done) return done.error();
  return connection.last_key();
}

Result<bool> revive_event(Connection& connection, std::int64_t key, TimePoint now) {
  auto query = connection.query(
      "UPDATE inbox SET state = ?1, attempts = 0, crashes = 0, rank = rank & -2,"
      " next_attempt_at = ?2, updated_at = ?2 WHERE key = ?3 AND state = ?4",
      code_of(InboxState::pending), now, key, code_of(InboxState::dead));
  if (auto done = query.run(); !done) return done.error();
  return connection.changed_rows() == 1;
}

Result<void> refuse_event(Connection& connection, std::int64_t key, const std::string& wanted) {
  auto query =
      connection.query("SELECT 1 FROM inbox WHERE key = ? AND state <> ?", key, kDeletedEvent);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::not_found, "there is no event " + std::to_string(key)};
  return Error{ErrorCode::conflict, "event " + std::to_string(key) + " is not " + wanted};
}

Result<std::size_t> read_backlog(Connection& connection, std::size_t most,
                                 const std::optional<std::string>& source) {
  auto query = source ? connection.query(kBacklogOfSourceSql, *source, most)
                      : connection.query(kBacklogSql, most);
  const auto found = query.step();
  if (!found) return found.error();
  return static_cast<std::size_t>(query.integer(0));
}

const char* const kBacklogSql =
    "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE state = 0 UNION ALL"
    " SELECT 1 FROM inbox WHERE state = 1 LIMIT ?)";
const char* const kBacklogOfSourceSql =
    "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE state = 0 AND source = ?1 UNION ALL"
    " SELECT 1 FROM inbox WHERE state = 1 AND source = ?1 LIMIT ?2)";

}  // namespace webhookcore::sqlite
