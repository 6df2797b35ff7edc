// Moving a delivery from state to state, and the states of its endpoint that decide
// whether it may wait in the due index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webhookcore/base/error.h"
#include "webhookcore/base/random.h"
#include "webhookcore/core/delivery_state.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/connection.h"
#include "webhookcore/store/sqlite/fifo_line.h"

namespace webhookcore::sqlite {

// The part of a delivery's row that its next state depends on.
struct DeliveryRow {
  std::int64_t key = 0;
  std::int64_t endpoint = 0;
  DeliveryState state = DeliveryState::pending;
  std::string token;
  std::int64_t owner = 0;
  TimePoint lease_expires_at{};
  int attempts = 0;
  int budget_used = 0;
  int reaps = 0;
  Cause cause = Cause::send;
  bool fifo = false;
  int rank = 0;
  std::optional<TimePoint> expires_at;
  std::optional<int> last_status;
  std::string last_error;
  std::optional<TimePoint> replayed_at;
};

// nullopt when there is no such delivery.
Result<std::optional<DeliveryRow>> find_delivery(Connection& connection, std::int64_t key);

// Writes the row, in `state` and out of anybody's hands, with the rank that follows from
// its budget. A pending row of a disabled endpoint is held out of the due index; one of a
// deleted endpoint is cancelled; where the endpoint keeps an order, the row takes its place
// in the line, or leaves it and lets the next one go.
Result<void> put_delivery(Connection& connection, const DeliveryRow& row,
                          std::optional<TimePoint> next_attempt_at, TimePoint now);

struct NewDelivery {
  std::int64_t key = 0;
  std::int64_t message = 0;
  std::int64_t endpoint = 0;  // An enabled one.
  bool fifo = false;          // As the endpoint's.
  Priority priority = Priority::normal;
  std::optional<TimePoint> deliver_at = {};
  std::optional<TimePoint> expires_at = {};
  std::optional<std::string> counted_tenant = {};  // For whose max_backlog it counts.
};
// Pending; at the end of its line where the endpoint keeps an order. conflict when the key
// is taken.
Result<void> insert_delivery(Connection& connection, const NewDelivery& delivery, TimePoint now);

// After a change of the endpoint's state or ordering: every delivery that waits for it. Also
// notes the pause, as below.
Result<void> move_waiting(Connection& connection, std::int64_t endpoint, Waiting from, Waiting to,
                          TimePoint now);

// Every pending delivery of the endpoint: held, or no longer. Also notes which messages
// are sent while they are, because those make no delivery for it.
Result<void> hold_deliveries(Connection& connection, std::int64_t endpoint, bool held,
                             TimePoint now);

// Tells every process that its copy of the endpoints is old.
Result<void> change_endpoints_version(Connection& connection, Random& random);

}  // namespace webhookcore::sqlite
