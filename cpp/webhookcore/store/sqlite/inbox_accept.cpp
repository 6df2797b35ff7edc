#include "webhookcore/store/sqlite/idempotency_rows.h"
#include "webhookcore/store/sqlite/inbox_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

Result<bool> is_dead(Connection& connection, std::int64_t key) {
  auto query = connection.query("SELECT state FROM inbox WHERE key = ?", key);
  const auto found = query.step();
  if (!found) return found.error();
  return *found && query.integer(0) == code_of(InboxState::dead);
}

// What an accept finds: nullopt when the event is new. `revived` means that the row
// is dead; reviving it is the caller's write.
Result<std::optional<AcceptResult>> judge(const Database& database, Connection& connection,
                                          const ClaimKey& key, TimePoint now) {
  auto row = find_key(connection, key);
  if (!row) return row.error();
  switch (judge_key(database, *row, now)) {
    case KeyUse::free:
      return std::optional<AcceptResult>();
    case KeyUse::running:
      return std::optional(AcceptResult{AcceptResult::Kind::running});
    case KeyUse::completed:
      break;
  }
  AcceptResult result{AcceptResult::Kind::duplicate, (*row)->inbox_event.value_or(0),
                      std::move((*row)->kept_result)};
  if ((*row)->inbox_event) {
    const auto dead = is_dead(connection, result.key);
    if (!dead) return dead.error();
    if (*dead) result.kind = AcceptResult::Kind::revived;
  }
  return std::optional(std::move(result));
}

Result<void> complete_key(Connection& connection, const ClaimKey& key, std::int64_t event,
                          std::string_view kept_result, TimePoint expires_at) {
  return connection
      .query(
          "INSERT OR REPLACE INTO idempotency_keys (source, event_key, state, inbox_event,"
          " expires_at, kept_result) VALUES (?, ?, ?, ?, ?, ?)",
          key.source, key.event_key, code_of(KeyCode::completed), event, expires_at, kept_result)
      .run();
}

}  // namespace

Result<AcceptResult> SqliteStore::accept(const InboxEvent& event,
                                         std::optional<std::string_view> event_key,
                                         std::string_view kept_result, TimePoint now,
                                         Duration time_to_live) {
  const ClaimKey key{event.source, event_key.value_or(std::string_view())};
  if (event_key) {
    // A duplicate is answered here, without the write lock.
    auto known =
        read([&](Connection& connection) { return judge(*database_, connection, key, now); });
    if (!known) return known.error();
    if (*known && (*known)->kind != AcceptResult::Kind::revived) return std::move(**known);
  }

  AcceptResult result;
  auto written = write([&](Connection& connection) -> Result<void> {
    result = AcceptResult{AcceptResult::Kind::accepted};
    if (event_key) {
      auto known = judge(*database_, connection, key, now);
      if (!known) return known.error();
      if (*known) {
        result = std::move(**known);
        if (result.kind != AcceptResult::Kind::revived) return {};
        const auto revived = revive_event(connection, result.key, now);
        return revived ? Result<void>() : Result<void>(revived.error());
      }
    }
    const auto stored = insert_event(connection, event, now);
    if (!stored) return stored.error();
    result.key = *stored;
    if (!event_key) return {};
    return complete_key(connection, key, *stored, kept_result, now + time_to_live);
  });
  if (!written) return written.error();
  return result;
}

}  // namespace webhookcore::sqlite
