#include "webhookcore/store/sqlite/claim_release.h"

#include <vector>

#include "webhookcore/store/sqlite/delivery_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

struct Held {
  std::int64_t key = 0;
  TimePoint claimed_at{};
};

Result<std::vector<Held>> held_deliveries(Connection& connection, std::int64_t owner) {
  std::vector<Held> rows;
  auto query = connection.query(
      "SELECT key, updated_at FROM deliveries WHERE state = 1 AND owner = ?", owner);
  auto done = query.each([&]() -> Result<void> {
    rows.push_back({query.integer(0), query.time(1)});
    return {};
  });
  if (!done) return done.error();
  return rows;
}

}  // namespace

// Due again at the moment of their claim: the caller of close() gives no time.
Result<void> release_claims(Connection& connection, std::int64_t owner) {
  const auto rows = held_deliveries(connection, owner);
  if (!rows) return rows.error();
  for (const Held& held : *rows) {
    auto row = find_delivery(connection, held.key);
    if (!row) return row.error();
    const auto* transition = find_transition((*row)->state, DeliverySignal::put_back);
    if (transition == nullptr) return damaged("state of a delivery");
    (*row)->state = transition->to;
    auto done = put_delivery(connection, **row, held.claimed_at, held.claimed_at);
    if (!done) return done;
  }
  return connection
      .query(
          "UPDATE inbox SET state = ?, next_attempt_at = updated_at, owner = NULL,"
          " lease_token = NULL, lease_expires_at = NULL WHERE state = 1 AND owner = ?",
          code_of(InboxState::pending), owner)
      .run();
}

}  // namespace webhookcore::sqlite
