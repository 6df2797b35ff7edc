// Which of the stored events that are due go first. Each source has a lane for each rank, so
// that one that may not be worked now is passed by as a whole. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/claim_order.h"

namespace webhookcore {

struct DueRow {
  TimePoint due_at{};
  std::int64_t key = 0;
};

struct DueLane {
  int rank = 0;
  std::size_t source = 0;         // Its place in `rooms`.
  std::vector<DueRow> rows = {};  // Oldest first.
};

// At most `limit` keys, in the order of their claims: the rank that `turns` gives, in it the
// row that is due for the longest. Of a source at most its room is chosen.
std::vector<std::int64_t> choose_due(std::span<const DueLane> lanes, std::vector<std::size_t> rooms,
                                     ClaimTurns& turns, std::size_t limit);

}  // namespace webhookcore
