#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/sqlite/delivery_rows.h"
#include "webhookcore/store/sqlite/health_rows.h"
#include "webhookcore/store/sqlite/operational_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"
#include "webhookcore/store/sqlite/text_list.h"

namespace webhookcore::sqlite {

namespace {

Error lease_lost() { return {ErrorCode::lease_lost, "the delivery was taken back"}; }

// Why the last failed attempt failed: what broke, or what its status meant.
std::string class_of(const Attempt& attempt) {
  return std::string(attempt.error != TransportError::none ? to_string(attempt.error)
                                                           : to_string(attempt.outcome));
}

Result<void> insert_attempt(Connection& connection, std::int64_t delivery, int number,
                            const Attempt& attempt) {
  return connection
      .query(
          "INSERT INTO attempts (delivery, number, started_at, duration_ms, url, dialled_address,"
          " status, outcome, error, error_text, dns_ms, connect_ms, tls_ms, first_byte_ms, cause,"
          " response_headers, response_body)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          delivery, number, attempt.started_at, attempt.duration, attempt.url,
          attempt.dialled_address, attempt.status, to_string(attempt.outcome),
          to_string(attempt.error), attempt.error_text, attempt.phases.dns, attempt.phases.connect,
          attempt.phases.tls, attempt.phases.first_byte, attempt.trigger,
          Blob{encode_headers(attempt.response_headers)}, Borrowed{attempt.response_body})
      .run();
}

// Only what was attempted: not where it has moved to since, or been enabled again.
Result<void> disable(Connection& connection, Random& random, std::int64_t endpoint,
                     const AttemptRecord& record, TimePoint now) {
  const auto epoch = record.health ? std::optional(record.health->health.epoch) : std::nullopt;
  auto query = connection.query(
      "UPDATE endpoints SET state = ?, disabled_reason = ?, updated_at = max(?, updated_at + 1)"
      " WHERE key = ?4 AND state = ?5 AND url = ?6 AND (?7 IS NULL OR ?7 ="
      " coalesce((SELECT epoch FROM endpoint_health WHERE endpoint = ?4), 0))",
      code_of(EndpointCode::disabled), record.disable_reason, now, endpoint,
      code_of(EndpointCode::enabled), record.attempt.url, epoch);
  if (auto done = query.run(); !done) return done;
  if (connection.changed_rows() == 0) return {};
  if (auto done = hold_deliveries(connection, endpoint, true, now); !done) return done;
  if (auto done = change_endpoints_version(connection, random); !done) return done;
  Details details;
  details.add("reason", record.disable_reason);
  if (record.health) details.add("failing_since", record.health->health.failing_since);
  return add_endpoint_event(connection, endpoint,
                            {.type = operational::kDisabled, .details = details.json(), .at = now});
}

Result<void> keep_health(Connection& connection, std::int64_t endpoint, const HealthChange& change,
                         TimePoint now) {
  const auto kept = put_health(connection, endpoint, change.health, now);
  if (!kept) return kept.error();
  if (!*kept || !(change.opened || change.closed)) return {};
  const CircuitBreaker& breaker = change.health.breaker;
  Details details;
  details.add("trips", breaker.trips);
  if (change.opened) {
    details.add("failures_in_a_row", std::int64_t{breaker.failures_in_a_row})
        .add("open_until", breaker.open_until)
        .add("failing_since", change.health.failing_since);
  }
  return add_endpoint_event(connection, endpoint,
                            {.type = change.opened ? operational::kOpened : operational::kClosed,
                             .details = details.json(),
                             .at = now});
}

// `refused` is set, and nothing is changed, when the claim is not the record's.
Result<void> record(Connection& connection, Random& random, const AttemptRecord& record,
                    TimePoint now, Result<void>& refused) {
  auto row = find_delivery(connection, record.delivery);
  if (!row) return row.error();
  if (*row && record.health) {
    auto done = keep_health(connection, (*row)->endpoint, *record.health, now);
    if (!done) return done;
  }
  if (!*row || (*row)->state != DeliveryState::in_flight || (*row)->token != record.token.value) {
    refused = lease_lost();
    return {};
  }
  const auto* transition = find_transition((*row)->state, record.signal);
  if (transition == nullptr || !transition->counts_as_attempt) {
    refused = Error{ErrorCode::config, "no attempt ends so", "signal"};
    return {};
  }
  DeliveryRow& delivery = **row;
  delivery.state = transition->to;
  ++delivery.attempts;
  delivery.reaps = 0;
  delivery.last_status = record.attempt.status;
  const bool succeeded = transition->to == DeliveryState::delivered;
  if (!succeeded) ++delivery.budget_used;
  delivery.last_error = succeeded ? std::string() : class_of(record.attempt);
  if (record.signal == DeliverySignal::expired) delivery.last_error = kExpiredError;
  const bool waits = transition->to == DeliveryState::pending;
  if (waits) delivery.cause = Cause::retry;
  auto done = insert_attempt(connection, delivery.key, delivery.attempts, record.attempt);
  if (!done) return done;
  if (!record.disable_reason.empty()) {
    done = disable(connection, random, delivery.endpoint, record, now);
    if (!done) return done;
  }
  if (transition->to == DeliveryState::dead) {
    if (done = add_dead_event(connection, delivery, now); !done) return done;
  }
  const auto next = waits ? std::optional(record.next_attempt_at.value_or(now)) : std::nullopt;
  return put_delivery(connection, delivery, next, now);
}

Result<Attempt> read_attempt(const Query& query) {
  const auto outcome = parse_outcome(query.view(6));
  const auto error = parse_transport_error(query.view(7));
  auto headers = decode_headers(query.view(14));
  if (!outcome || !error || !headers) return damaged("attempt");
  Attempt attempt;
  attempt.number = static_cast<int>(query.integer(0));
  attempt.started_at = query.time(1);
  attempt.duration = query.duration(2);
  attempt.url = query.text(3);
  attempt.dialled_address = query.text(4);
  attempt.status = query.optional_int(5);
  attempt.outcome = *outcome;
  attempt.error = *error;
  attempt.error_text = query.text(8);
  attempt.phases = {query.optional_duration(9), query.optional_duration(10),
                    query.optional_duration(11), query.optional_duration(12)};
  attempt.trigger = query.text(13);
  attempt.response_headers = std::move(*headers);
  attempt.response_body = query.text(15);
  return attempt;
}

}  // namespace

std::vector<Result<void>> SqliteStore::record_attempts(std::span<const AttemptRecord> records,
                                                       TimePoint now) {
  std::vector<Result<void>> results(records.size());
  if (records.empty()) return results;
  const auto written = write([&](Connection& connection) -> Result<void> {
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto done = record(connection, database_->random(), records[i], now, results[i]);
      if (!done) return done;
    }
    return {};
  });
  if (!written) results.assign(records.size(), written);
  return results;
}

Result<std::vector<Attempt>> SqliteStore::list_attempts(std::int64_t delivery) {
  return read([&](Connection& connection) -> Result<std::vector<Attempt>> {
    std::vector<Attempt> attempts;
    auto query = connection.query(
        "SELECT number, started_at, duration_ms, url, dialled_address, status, outcome, error,"
        " error_text, dns_ms, connect_ms, tls_ms, first_byte_ms, cause, response_headers,"
        " response_body FROM attempts WHERE delivery = ? ORDER BY number",
        delivery);
    auto done = query.each([&]() -> Result<void> {
      auto attempt = read_attempt(query);
      if (!attempt) return attempt.error();
      attempts.push_back(std::move(*attempt));
      return {};
    });
    if (!done) return done.error();
    return attempts;
  });
}

}  // namespace webhookcore::sqlite
