#include <map>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/sqlite/delivery_rows.h"
#include "webhookcore/store/sqlite/due_rows.h"
#include "webhookcore/store/sqlite/fifo_line.h"
#include "webhookcore/store/sqlite/health_rows.h"
#include "webhookcore/store/sqlite/operational_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

// Cancelled by one sweep at most, so that it does not hold up what is sent.
constexpr std::size_t kMostExpired = 1000;

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
  if (!waits) {
    (*row)->last_error = kCrashLoopError;
    if (auto done = add_dead_event(connection, **row, now); !done) return done;
  }
  return put_delivery(connection, **row, waits ? std::optional(now) : std::nullopt, now);
}

Result<void> take(Connection& connection, const ClaimedDelivery& row, std::int64_t owner,
                  TimePoint now, Duration lease) {
  const auto* transition = find_transition(DeliveryState::pending, DeliverySignal::claimed);
  return connection
      .query(
          "UPDATE deliveries SET state = ?, next_attempt_at = NULL, owner = ?, lease_token = ?,"
          " lease_expires_at = ?, updated_at = ? WHERE key = ?",
          code_of(transition->to), owner, Blob{row.token.value}, now + lease, now, row.key)
      .run();
}

Result<std::vector<std::int64_t>> read_expired(Connection& connection, TimePoint now) {
  std::vector<std::int64_t> expired;
  auto query = connection.query(
      "SELECT key FROM deliveries WHERE state = 0 AND held <> 0 AND expires_at IS NOT NULL"
      " AND expires_at <= ? ORDER BY expires_at LIMIT ?",
      now, kMostExpired);
  auto done = query.each([&]() -> Result<void> {
    expired.push_back(query.integer(0));
    return {};
  });
  if (!done) return done.error();
  return expired;
}

Result<void> expire(Connection& connection, const std::vector<std::int64_t>& deliveries,
                    TimePoint now) {
  const auto* transition = find_transition(DeliveryState::pending, DeliverySignal::expired);
  for (const std::int64_t key : deliveries) {
    auto row = find_delivery(connection, key);
    if (!row) return row.error();
    (*row)->state = transition->to;
    (*row)->last_error = kExpiredError;
    if (auto done = put_delivery(connection, **row, std::nullopt, now); !done) return done;
  }
  return {};
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
  const auto claim = [&](Connection& connection) -> Result<void> {
    bool more = true;
    while (more) {  // An expired row that goes may let the next one in its line come.
      auto rows = read_due(connection, database_->turns(), now, limit - claimed.size(), token);
      if (!rows) return rows.error();
      for (ClaimedDelivery& row : rows->claimed) {
        if (auto done = take(connection, row, database_->owner(), now, lease); !done) return done;
        claimed.push_back(std::move(row));
      }
      if (auto done = expire(connection, rows->expired, now); !done) return done;
      more = !rows->expired.empty() && claimed.size() < limit;
    }
    return {};
  };
  // After a power cut the rows are due again, as they would be with the claim in place.
  if (auto written = write(claim, Survives::kill); !written) return written.error();
  return claimed;
}

Result<void> SqliteStore::put_back(std::span<const PutBack> rows, TimePoint now) {
  if (rows.empty()) return {};
  return write([&](Connection& connection) -> Result<void> {
    std::optional<TimePoint> busy_until;
    for (const PutBack& back : rows) {
      auto row = find_delivery(connection, back.delivery);
      if (!row) return row.error();
      if (!*row || (*row)->token != back.token.value) continue;
      const auto* transition = find_transition((*row)->state, DeliverySignal::put_back);
      if (transition == nullptr) continue;
      (*row)->state = transition->to;
      if (back.lacked_room) busy_until = std::max(busy_until.value_or(now), back.next_attempt_at);
      auto done = put_delivery(connection, **row, back.next_attempt_at, now);
      if (done && back.behind_breaker) done = hold_behind_breaker(connection, **row);
      if (!done) return done;
    }
    if (!busy_until) return {};
    return connection.query("UPDATE store_state SET busy_until = max(busy_until, ?)", *busy_until)
        .run();
  });
}

Result<std::size_t> SqliteStore::reap_deliveries(TimePoint now) {
  database_->checkpoint_if_idle();
  if (auto mended = mend_lines(); !mended) return mended.error();
  if (auto cancelled = cancel_expired(now); !cancelled) return cancelled.error();
  return take_back_lost(now);
}

// What expired while it was held: a claim would not come past it.
Result<void> SqliteStore::cancel_expired(TimePoint now) {
  const auto seen = read([&](Connection& connection) { return read_expired(connection, now); });
  if (!seen) return seen.error();
  if (seen->empty()) return {};
  return write([&](Connection& connection) -> Result<void> {
    // Looked for again: another process may have been faster.
    const auto expired = read_expired(connection, now);
    if (!expired) return expired.error();
    return expire(connection, *expired, now);
  });
}

Result<void> SqliteStore::mend_lines() {
  const auto seen = read([&](Connection& connection) {
    return find_stuck_lines(connection, lines_looked_until_.load(std::memory_order_relaxed));
  });
  if (!seen) return seen.error();
  lines_looked_until_.store(seen->looked_until, std::memory_order_relaxed);
  if (seen->endpoints.empty()) return {};
  return write([&](Connection& connection) -> Result<void> {
    for (const std::int64_t endpoint : seen->endpoints) {
      if (auto done = settle_line(connection, endpoint); !done) return done;
    }
    return {};
  });
}

Result<std::size_t> SqliteStore::take_back_lost(TimePoint now) {
#ifdef WEBHOOKCORE_MUTANT_NO_LEASE
  return std::size_t{0};
#endif
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

Result<TimePoint> SqliteStore::busy_until() {
  return read([](Connection& connection) -> Result<TimePoint> {
    auto query = connection.query("SELECT busy_until FROM store_state");
    if (const auto found = query.step(); !found) return found.error();
    return query.time(0);
  });
}

Result<std::optional<TimePoint>> SqliteStore::next_due_at() {
  const auto times = read(read_due_times);
  if (!times) return times.error();
  return earliest(*times);
}

}  // namespace webhookcore::sqlite
