#include <map>

#include "webhookcore/store/sqlite/delivery_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

Result<std::optional<TimePoint>> earliest_due(Connection& connection) {
  auto query = connection.query(
      "SELECT next_attempt_at FROM deliveries WHERE state = 0 AND held = 0"
      " ORDER BY next_attempt_at LIMIT 1");
  const auto found = query.step();
  if (!found) return found.error();
  return *found ? query.optional_time(0) : std::nullopt;
}

// A row whose endpoint or message somebody deleted by hand is claimed for no endpoint,
// so that it is cancelled instead of being due for ever.
Result<std::vector<ClaimedDelivery>> read_due(Connection& connection, TimePoint now,
                                              std::size_t limit, const LeaseToken& token) {
  std::vector<ClaimedDelivery> claimed;
  auto query = connection.query(
      "SELECT d.key, d.attempts, d.budget_used, d.cause, iif(m.key IS NULL, '', e.id), m.id,"
      " m.tenant, m.type, m.content_type, m.created_at, m.body FROM deliveries AS d"
      " LEFT JOIN messages AS m ON m.key = d.message"
      " LEFT JOIN endpoints AS e ON e.key = d.endpoint"
      " WHERE d.state = 0 AND d.held = 0 AND d.next_attempt_at <= ?"
      " ORDER BY d.next_attempt_at, d.key LIMIT ?",
      now, limit);
  auto done = query.each([&]() -> Result<void> {
    const auto cause = value_of(query.integer(3), Cause::replay);
    if (!cause) return damaged("cause of a delivery");
    Message message{query.text(5),  query.optional_text(6), query.text(7),
                    query.text(10), query.text(8),          query.time(9)};
    claimed.push_back({query.integer(0), token, std::move(message), query.text(4),
                       static_cast<int>(query.integer(1)), static_cast<int>(query.integer(2)),
                       std::string(kCauseNames[static_cast<std::size_t>(*cause)])});
    return {};
  });
  if (!done) return done.error();
  return claimed;
}

// Asks the system once for each owner, however many rows it has.
class Owners {
 public:
  explicit Owners(const Database& database) : database_(database) {}
  bool is_free(const DeliveryRow& row, TimePoint now) {
    auto [entry, is_new] = known_.try_emplace(row.owner, ClaimOwner::unknown);
    if (is_new) entry->second = database_.owner_state(row.owner);
    return claim_is_free(entry->second, row.lease_expires_at, now);
  }

 private:
  const Database& database_;
  std::map<std::int64_t, ClaimOwner> known_;
};

Result<std::vector<DeliveryRow>> read_lost(const Database& database, Connection& connection,
                                           TimePoint now) {
  Owners owners(database);
  std::vector<DeliveryRow> lost;
  auto query =
      connection.query("SELECT key, owner, lease_expires_at FROM deliveries WHERE state = 1");
  auto done = query.each([&]() -> Result<void> {
    DeliveryRow row;
    row.key = query.integer(0);
    row.owner = query.integer(1);
    row.lease_expires_at = query.time(2);
    if (owners.is_free(row, now)) lost.push_back(std::move(row));
    return {};
  });
  if (!done) return done.error();
  return lost;
}

Result<void> take_back(Connection& connection, std::int64_t key, TimePoint now) {
  auto row = find_delivery(connection, key);
  if (!row) return row.error();
  const DeliverySignal signal = reap_signal((*row)->reaps);
  const auto* transition = find_transition((*row)->state, signal);
  if (transition == nullptr) return damaged("state of a delivery");
  (*row)->state = transition->to;
  ++(*row)->reaps;
  (*row)->cause = Cause::retry;
  const bool waits = transition->to == DeliveryState::pending;
  if (!waits) (*row)->last_error = "crash_loop";
  return put_delivery(connection, **row, waits ? std::optional(now) : std::nullopt, now);
}

}  // namespace

Result<std::vector<ClaimedDelivery>> SqliteStore::claim_due(TimePoint now, std::size_t limit,
                                                            Duration lease) {
  // Most calls find nothing; they take no write lock.
  const auto due = next_due_at();
  if (!due) return due.error();
  std::vector<ClaimedDelivery> claimed;
  if (!*due || **due > now || limit == 0) return claimed;

  const LeaseToken token = draw_token();
  const auto* transition = find_transition(DeliveryState::pending, DeliverySignal::claimed);
  const auto written = write([&](Connection& connection) -> Result<void> {
    auto rows = read_due(connection, now, limit, token);
    if (!rows) return rows.error();
    for (const ClaimedDelivery& row : *rows) {
      auto query = connection.query(
          "UPDATE deliveries SET state = ?, next_attempt_at = NULL, owner = ?, lease_token = ?,"
          " lease_expires_at = ?, updated_at = ? WHERE key = ?",
          code_of(transition->to), database_->owner(), Blob{token.value}, now + lease, now,
          row.key);
      if (auto done = query.run(); !done) return done;
    }
    claimed = std::move(*rows);
    return {};
  });
  if (!written) return written.error();
  return claimed;
}

Result<void> SqliteStore::put_back(std::span<const PutBack> rows, TimePoint now) {
  if (rows.empty()) return {};
  return write([&](Connection& connection) -> Result<void> {
    for (const PutBack& back : rows) {
      auto row = find_delivery(connection, back.delivery);
      if (!row) return row.error();
      if (!*row || (*row)->token != back.token.value) continue;
      const auto* transition = find_transition((*row)->state, DeliverySignal::put_back);
      if (transition == nullptr) continue;
      (*row)->state = transition->to;
      if (auto done = put_delivery(connection, **row, back.next_attempt_at, now); !done) {
        return done;
      }
    }
    return {};
  });
}

Result<std::size_t> SqliteStore::reap_deliveries(TimePoint now) {
  database_->checkpoint_if_idle();
  const auto seen =
      read([&](Connection& connection) { return read_lost(*database_, connection, now); });
  if (!seen) return seen.error();
  if (seen->empty()) return std::size_t{0};

  std::size_t reaped = 0;
  const auto written = write([&](Connection& connection) -> Result<void> {
    // Looked for again: another process may have been faster.
    const auto lost = read_lost(*database_, connection, now);
    if (!lost) return lost.error();
    for (const DeliveryRow& row : *lost) {
      if (auto done = take_back(connection, row.key, now); !done) return done;
    }
    reaped = lost->size();
    return {};
  });
  if (!written) return written.error();
  return reaped;
}

Result<std::optional<TimePoint>> SqliteStore::next_due_at() { return read(earliest_due); }

}  // namespace webhookcore::sqlite
