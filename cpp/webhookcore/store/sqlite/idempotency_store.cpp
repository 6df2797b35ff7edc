#include "webhookcore/store/sqlite/idempotency_rows.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

Error lease_lost() { return {ErrorCode::lease_lost, "the claim was taken over"}; }

// True when the claim is still the caller's.
Result<bool> holds(Connection& connection, const ClaimKey& key, const LeaseToken& token) {
  auto row = find_key(connection, key);
  if (!row) return row.error();
  return row->has_value() && (*row)->state == KeyCode::claimed && (*row)->token == token.value;
}

}  // namespace

Result<ClaimResult> SqliteStore::claim(const ClaimKey& key, TimePoint now, Duration lease) {
  // A duplicate is answered here, without the write lock.
  auto known = read([&](Connection& connection) -> Result<std::optional<ClaimResult>> {
    return judge_claim(*database_, connection, key, now);
  });
  if (!known) return known.error();
  if (*known) return std::move(**known);

  ClaimResult result{ClaimResult::Kind::won, draw_token(), {}, now + lease};
  auto written = write([&](Connection& connection) -> Result<void> {
    auto judged = judge_claim(*database_, connection, key, now);
    if (!judged) return judged.error();
    if (*judged) {
      result = std::move(**judged);
      return {};
    }
    return take_key(*database_, connection, key, result.token, now + lease);
  });
  if (!written) return written.error();
  return result;
}

Result<void> SqliteStore::complete(const ClaimKey& key, const LeaseToken& token,
                                   std::string_view kept_result, TimePoint now,
                                   Duration time_to_live) {
  return write([&](Connection& connection) -> Result<void> {
    const auto held = holds(connection, key, token);
    if (!held) return held.error();
    if (!*held) return lease_lost();
    return connection
        .query(
            "UPDATE idempotency_keys SET state = ?, owner = NULL, lease_token = NULL,"
            " lease_expires_at = NULL, expires_at = ?, kept_result = ?"
            " WHERE source = ? AND event_key = ?",
            code_of(KeyCode::completed), now + time_to_live, kept_result, key.source, key.event_key)
        .run();
  });
}

Result<void> SqliteStore::release(const ClaimKey& key, const LeaseToken& token) {
  return write([&](Connection& connection) -> Result<void> {
    const auto held = holds(connection, key, token);
    if (!held) return held.error();
    if (!*held) return lease_lost();
    return connection
        .query("DELETE FROM idempotency_keys WHERE source = ? AND event_key = ?", key.source,
               key.event_key)
        .run();
  });
}

Result<std::size_t> SqliteStore::prune_keys(TimePoint now, std::size_t limit) {
  std::size_t pruned = 0;
  auto written = write([&](Connection& connection) -> Result<void> {
    auto keys = connection.query(
        "DELETE FROM idempotency_keys WHERE (source, event_key) IN (SELECT source, event_key"
        " FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        now, limit);
    if (auto done = keys.run(); !done) return done;
    pruned = static_cast<std::size_t>(connection.changed_rows());
    auto sends = connection.query(
        "DELETE FROM send_keys WHERE (scope, idempotency_key) IN (SELECT scope, idempotency_key"
        " FROM send_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        now, limit - pruned);
    if (auto done = sends.run(); !done) return done;
    pruned += static_cast<std::size_t>(connection.changed_rows());
    return {};
  });
  if (!written) return written.error();
  return pruned;
}

}  // namespace webhookcore::sqlite
