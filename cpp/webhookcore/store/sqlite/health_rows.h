// The health of an endpoint as a row, and the deliveries that wait behind its breaker.
#pragma once

#include <cstdint>
#include <optional>

#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/store/sqlite/connection.h"
#include "webhookcore/store/sqlite/delivery_rows.h"

namespace webhookcore::sqlite {

// nullopt where it never failed.
Result<std::optional<EndpointHealth>> find_health(Connection& connection, std::int64_t endpoint);

// False, and nothing is changed, when the row is of another epoch. A breaker that is
// closed in the new row lets out what waited behind it.
Result<bool> put_health(Connection& connection, std::int64_t endpoint, const EndpointHealth& health,
                        TimePoint now);

// Starts a new epoch: what is known of the endpoint counts no more.
Result<void> begin_epoch(Connection& connection, std::int64_t endpoint, TimePoint now);

// Keeps a pending row out of the due index while its endpoint's breaker is open. Of a line
// (fifo) only one may be claimed anyway: that one stays, and is the probe.
Result<void> hold_behind_breaker(Connection& connection, const DeliveryRow& row);

// All that waits, spread (release_spread()).
Result<void> release_behind_breaker(Connection& connection, std::int64_t endpoint, TimePoint now);

}  // namespace webhookcore::sqlite
