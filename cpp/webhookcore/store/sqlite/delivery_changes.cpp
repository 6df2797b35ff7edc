#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/sqlite/delivery_rows.h"
#include "webhookcore/store/sqlite/endpoint_rows.h"
#include "webhookcore/store/sqlite/replayed_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

Result<DeliveryRow> require_delivery(Connection& connection, std::int64_t key) {
  auto row = find_delivery(connection, key);
  if (!row) return row.error();
  if (!*row) return Error{ErrorCode::not_found, "there is no delivery " + std::to_string(key)};
  return std::move(**row);
}

Error not_possible(const DeliveryRow& row, std::string_view what) {
  return {ErrorCode::conflict, "delivery " + std::to_string(row.key) + " is " +
                                   std::string(to_string(row.state)) + " and cannot be " +
                                   std::string(what)};
}

Error expired(std::int64_t delivery) {
  return {ErrorCode::conflict,
          "delivery " + std::to_string(delivery) + " has expired; force sends it nevertheless",
          "expires_at"};
}

Result<bool> endpoint_is_deleted(Connection& connection, std::int64_t key) {
  auto query = connection.query("SELECT state FROM endpoints WHERE key = ?", key);
  const auto found = query.step();
  if (!found) return found.error();
  return !*found || query.integer(0) == code_of(EndpointCode::deleted);
}

}  // namespace

Result<void> SqliteStore::replay(std::int64_t delivery, bool force, TimePoint now) {
  return write([&](Connection& connection) -> Result<void> {
    auto row = require_delivery(connection, delivery);
    if (!row) return row.error();
    const auto* transition = find_transition(
        row->state, force ? DeliverySignal::replayed_by_force : DeliverySignal::replayed);
    // Also of a row that was delivered, sent once more by force, and died then.
    const auto delivered = was_delivered(connection, delivery);
    if (!delivered) return delivered.error();
    const bool is_over =
        row->state == DeliveryState::dead || row->state == DeliveryState::delivered;
    if (!force && is_over && (*delivered || row->state == DeliveryState::delivered)) {
      return Error{ErrorCode::already_delivered,
                   "delivery " + std::to_string(delivery) + " was delivered"};
    }
    if (transition == nullptr) return not_possible(*row, "replayed");
    const auto deleted = endpoint_is_deleted(connection, row->endpoint);
    if (!deleted) return deleted.error();
    if (*deleted) return Error{ErrorCode::not_found, "its endpoint was deleted"};
    if (has_expired(row->expires_at, now)) {
      if (!force) return expired(delivery);
      row->expires_at.reset();
    }
    return replay_delivery(connection, *row, transition->to, now, now);
  });
}

Result<void> SqliteStore::cancel(std::int64_t delivery, TimePoint now) {
  return write([&](Connection& connection) -> Result<void> {
    auto row = require_delivery(connection, delivery);
    if (!row) return row.error();
    const auto* transition = find_transition(row->state, DeliverySignal::cancelled);
    if (transition == nullptr) return not_possible(*row, "cancelled");
    row->state = transition->to;
    return put_delivery(connection, *row, std::nullopt, now);
  });
}

Result<void> SqliteStore::delete_dead(std::int64_t delivery) {
  return write([&](Connection& connection) -> Result<void> {
    const auto row = require_delivery(connection, delivery);
    if (!row) return row.error();
    if (row->state != DeliveryState::dead) return not_possible(*row, "deleted");
    return erase_delivery(connection, delivery);
  });
}

}  // namespace webhookcore::sqlite
