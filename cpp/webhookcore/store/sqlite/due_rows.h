// What can be claimed, read from the due index alone: one seek for each rank.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/claim_order.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

// The earliest next_attempt_at of each rank.
using DueTimes = std::array<std::optional<TimePoint>, kRanks>;

std::optional<TimePoint> earliest(const DueTimes& times);

Result<DueTimes> read_due_times(Connection& connection);

struct DueRows {
  std::vector<ClaimedDelivery> claimed;
  std::vector<std::int64_t> expired;  // In the way, and never to be sent.
};

// At most `limit` of the rows that are due at `now`, in the order that `turns` gives. A row
// whose endpoint or message somebody deleted by hand is claimed for no endpoint, so that it
// is cancelled instead of being due for ever.
Result<DueRows> read_due(Connection& connection, ClaimTurns& turns, TimePoint now,
                         std::size_t limit, const LeaseToken& token);

// For the test that no claim looks at a row it does not take.
extern const char* const kDueTimesSql;
const std::array<std::string, kRanks>& due_rows_sql();  // By rank.

}  // namespace webhookcore::sqlite
