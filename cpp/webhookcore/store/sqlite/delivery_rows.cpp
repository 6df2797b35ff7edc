#include "webhookcore/store/sqlite/delivery_rows.h"

#include <algorithm>

#include "webhookcore/store/sqlite/fifo_line.h"
#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

struct EndpointTerms {
  EndpointCode state = EndpointCode::deleted;
  bool fifo = false;
};

Result<EndpointTerms> terms_of_endpoint(Connection& connection, std::int64_t key) {
  auto query = connection.query("SELECT state, fifo FROM endpoints WHERE key = ?", key);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return EndpointTerms{};
  const auto state = value_of(query.integer(0), EndpointCode::deleted);
  if (!state) return damaged("state of an endpoint");
  return EndpointTerms{*state, query.integer(1) != 0};
}

Result<DeliveryRow> read_row(const Query& query, std::int64_t key) {
  const auto state = delivery_state_of(query.integer(1));
  const auto cause = value_of(query.integer(8), Cause::replay);
  if (!state || !cause) return damaged("state of a delivery");
  DeliveryRow row;
  row.key = key;
  row.endpoint = query.integer(0);
  row.state = *state;
  row.token = query.text(2);
  row.owner = query.integer(3);
  row.lease_expires_at = query.time(4);
  row.attempts = static_cast<int>(query.integer(5));
  row.budget_used = static_cast<int>(query.integer(6));
  row.reaps = static_cast<int>(query.integer(7));
  row.cause = *cause;
  row.last_status = query.optional_int(9);
  row.last_error = query.text(10);
  row.replayed_at = query.optional_time(11);
  row.fifo = query.integer(12) != 0;
  row.rank = static_cast<int>(query.integer(13));
  row.expires_at = query.optional_time(14);
  return row;
}

Result<void> note_pause(Connection& connection, std::int64_t endpoint, bool begins, TimePoint now) {
  if (begins) {
    return connection
        .query(
            "INSERT OR REPLACE INTO endpoint_pauses"
            " (endpoint, after_message, until_message, began_at)"
            " VALUES (?, coalesce((SELECT max(key) FROM messages), 0), NULL, ?)",
            endpoint, now)
        .run();
  }
  return connection
      .query(
          "UPDATE endpoint_pauses SET until_message = coalesce((SELECT max(key) FROM messages), 0)"
          " WHERE endpoint = ? AND until_message IS NULL",
          endpoint)
      .run();
}

// As after_pause() (core/replay_line.h) says, for all that it replays.
Result<void> move_replays_on(Connection& connection, std::int64_t endpoint, TimePoint now) {
  return connection
      .query(
          "UPDATE deliveries SET next_attempt_at = next_attempt_at + max(0, ?1 -"
          " max(coalesce(replayed_at, created_at), coalesce((SELECT began_at FROM endpoint_pauses"
          " WHERE endpoint = ?2 AND until_message IS NULL), 0)))"
          " WHERE held = 1 AND endpoint = ?2 AND cause = ?3",
          now, endpoint, code_of(Cause::replay))
      .run();
}

}  // namespace

Result<std::optional<DeliveryRow>> find_delivery(Connection& connection, std::int64_t key) {
  auto query = connection.query(
      "SELECT endpoint, state, lease_token, owner, lease_expires_at, attempts, budget_used, reaps,"
      " cause, last_status, last_error, replayed_at, fifo, rank, expires_at FROM deliveries"
      " WHERE key = ?",
      key);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<DeliveryRow>();
  auto row = read_row(query, key);
  if (!row) return row.error();
  return std::optional(std::move(*row));
}

Result<void> put_delivery(Connection& connection, const DeliveryRow& row,
                          std::optional<TimePoint> next_attempt_at, TimePoint now) {
  DeliveryState state = row.state;
  bool fifo = row.fifo;
  HeldCode held = HeldCode::no;
  if (state == DeliveryState::pending) {
    const auto terms = terms_of_endpoint(connection, row.endpoint);
    if (!terms) return terms.error();
    fifo = terms->fifo;
    held = held_code(terms->state == EndpointCode::disabled, fifo);
    if (terms->state == EndpointCode::deleted) {
      state = find_transition(state, DeliverySignal::cancelled)->to;
      held = HeldCode::no;
      next_attempt_at = std::nullopt;
    }
  }
  auto done =
      connection
          .query(
              "UPDATE deliveries SET state = ?, held = ?, fifo = ?, rank = ?, cause = ?,"
              " attempts = ?, budget_used = ?, reaps = ?, next_attempt_at = ?, expires_at = ?,"
              " owner = NULL, lease_token = NULL, lease_expires_at = NULL, last_status = ?,"
              " last_error = ?, updated_at = ?, replayed_at = ? WHERE key = ?",
              code_of(state), code_of(held), fifo, rank_of(priority_of(row.rank), row.budget_used),
              code_of(row.cause), row.attempts, row.budget_used, row.reaps, next_attempt_at,
              row.expires_at, row.last_status, row.last_error, now, row.replayed_at, row.key)
          .run();
  if (!done || !fifo) return done;
  return settle_line(connection, row.endpoint);
}

Result<void> insert_delivery(Connection& connection, const NewDelivery& delivery, TimePoint now) {
  HeldCode held = HeldCode::no;
  if (delivery.fifo) {
    const auto busy = line_is_busy(connection, delivery.endpoint);
    if (!busy) return busy.error();
    if (*busy) held = HeldCode::waits_its_turn;
  }
  auto query = connection.query(
      "INSERT INTO deliveries (key, message, endpoint, state, held, fifo, rank, cause, attempts,"
      " budget_used, reaps, next_attempt_at, expires_at, last_error, created_at, updated_at,"
      " counted_tenant) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, 0, 0, 0, 0, ?7, ?8, '', ?9, ?9, ?10)",
      delivery.key, delivery.message, delivery.endpoint, code_of(held), delivery.fifo,
      rank_of(delivery.priority, 0), std::max(delivery.deliver_at.value_or(now), now),
      delivery.expires_at, now, delivery.counted_tenant);
  return query.run();
}

Result<void> move_waiting(Connection& connection, std::int64_t endpoint, Waiting from, Waiting to,
                          TimePoint now) {
  if (from == to) return {};
  if (from.held && !to.held) {
    if (auto done = move_replays_on(connection, endpoint, now); !done) return done;
  }
  if (from.held != to.held) {
    if (auto done = note_pause(connection, endpoint, to.held, now); !done) return done;
  }
  return rearrange_deliveries(connection, endpoint, from, to);
}

Result<void> hold_deliveries(Connection& connection, std::int64_t endpoint, bool held,
                             TimePoint now) {
  const auto terms = terms_of_endpoint(connection, endpoint);
  if (!terms) return terms.error();
  return move_waiting(connection, endpoint, {!held, terms->fifo}, {held, terms->fifo}, now);
}

Result<void> change_endpoints_version(Connection& connection, Random& random) {
  // Positive, since -1 means "not read yet" to a cache.
  const auto version = static_cast<std::int64_t>(random.draw() >> 1);
  return connection.query("UPDATE store_state SET endpoints_version = ?", version).run();
}

}  // namespace webhookcore::sqlite
