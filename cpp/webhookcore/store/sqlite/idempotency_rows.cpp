#include "webhookcore/store/sqlite/idempotency_rows.h"

#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

// How long after its lease a claim that nobody completed is kept before pruning.
constexpr Duration kAbandonedFor = std::chrono::hours{24};

}  // namespace

Result<std::optional<KeyRow>> find_key(Connection& connection, const ClaimKey& key) {
  auto query = connection.query(
      "SELECT state, owner, lease_token, lease_expires_at, expires_at, kept_result, inbox_event"
      " FROM idempotency_keys WHERE source = ? AND event_key = ?",
      key.source, key.event_key);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<KeyRow>();
  const auto state = value_of(query.integer(0), KeyCode::completed);
  if (!state) return damaged("state of an idempotency key");
  KeyRow row{*state,        query.integer(1), query.text(2), query.time(3),
             query.time(4), query.text(5),    std::nullopt};
  if (!query.is_null(6)) row.inbox_event = query.integer(6);
  return std::optional(std::move(row));
}

KeyUse judge_key(const Database& database, const std::optional<KeyRow>& row, TimePoint now) {
  if (!row) return KeyUse::free;
  if (row->state == KeyCode::completed) {
    return row->expires_at <= now ? KeyUse::free : KeyUse::completed;
  }
  const bool is_free = claim_is_free(database.owner_state(row->owner), row->lease_expires_at, now);
  return is_free ? KeyUse::free : KeyUse::running;
}

Result<std::optional<ClaimResult>> judge_claim(const Database& database, Connection& connection,
                                               const ClaimKey& key, TimePoint now) {
  auto row = find_key(connection, key);
  if (!row) return row.error();
  switch (judge_key(database, *row, now)) {
    case KeyUse::free:
      return std::optional<ClaimResult>();
    case KeyUse::running:
      return std::optional(
          ClaimResult{ClaimResult::Kind::running, {}, {}, (*row)->lease_expires_at});
    case KeyUse::completed:
      break;
  }
  return std::optional(
      ClaimResult{ClaimResult::Kind::completed, {}, std::move((*row)->kept_result), std::nullopt});
}

Result<void> take_key(const Database& database, Connection& connection, const ClaimKey& key,
                      const LeaseToken& token, TimePoint lease_expires_at) {
  return connection
      .query(
          "INSERT OR REPLACE INTO idempotency_keys (source, event_key, state, owner, lease_token,"
          " lease_expires_at, expires_at, kept_result) VALUES (?, ?, ?, ?, ?, ?, ?, '')",
          key.source, key.event_key, code_of(KeyCode::claimed), database.owner(), Blob{token.value},
          lease_expires_at, lease_expires_at + kAbandonedFor)
      .run();
}

}  // namespace webhookcore::sqlite
