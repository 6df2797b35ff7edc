// Operational events inside the transaction that causes them.
#pragma once

#include <cstdint>

#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/store/sqlite/connection.h"
#include "webhookcore/store/sqlite/delivery_rows.h"

namespace webhookcore::sqlite {

// Stores the event, or counts it to the one that it only repeats.
Result<void> add_operational_event(Connection& connection, const OperationalEvent& event);

// The same for one of many refusals (kRefusalsToldEvery).
Result<void> add_refusal_event(Connection& connection, const OperationalEvent& event);

// The same as add_operational_event(), about an endpoint, whose id and tenant it gets.
Result<void> add_endpoint_event(Connection& connection, std::int64_t endpoint,
                                OperationalEvent event);

// Of a delivery that has just died.
Result<void> add_dead_event(Connection& connection, const DeliveryRow& row, TimePoint now);

}  // namespace webhookcore::sqlite
