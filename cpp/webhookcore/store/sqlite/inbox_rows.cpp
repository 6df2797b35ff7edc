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
  return event;
}

Result<std::int64_t> insert_event(Connection& connection, const InboxEvent& event, TimePoint now) {
  auto query = connection.query(
      "INSERT INTO inbox (source, provider, event_id, type, signed_at, matched_secret, state,"
      " attempts, crashes, next_attempt_at, last_error, handler_result, received_at, updated_at,"
      " headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, '', '', ?, ?, ?, ?) RETURNING key",
      event.source, event.provider, event.event_id, event.type, event.timestamp,
      event.matched_secret, code_of(InboxState::pending), now, event.received_at, now,
      Blob{encode_headers(event.headers)}, Borrowed{event.body});
  const auto inserted = query.step();
  if (!inserted) return inserted.error();
  const std::int64_t key = query.integer(0);
  if (auto done = query.run(); !done) return done.error();
  return key;
}

Result<bool> revive_event(Connection& connection, std::int64_t key, TimePoint now) {
  auto query = connection.query(
      "UPDATE inbox SET state = ?1, attempts = 0, crashes = 0, next_attempt_at = ?2,"
      " updated_at = ?2 WHERE key = ?3 AND state = ?4",
      code_of(InboxState::pending), now, key, code_of(InboxState::dead));
  if (auto done = query.run(); !done) return done.error();
  return connection.changed_rows() == 1;
}

}  // namespace webhookcore::sqlite
