// The stored events that can be claimed, read from the due index alone: one seek for each
// source and rank, so that a source that may not be worked now costs as little as an empty one.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/lane_choice.h"
#include "webhookcore/store/inbox_store.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

struct DueLanes {
  std::vector<DueLane> lanes;
  std::vector<std::size_t> rooms;  // By DueLane::source.
};

// Of each lane no more rows than the claim could take.
Result<DueLanes> read_due_lanes(Connection& connection, const EventClaim& claim, TimePoint now);

Result<std::optional<TimePoint>> earliest_event_due(Connection& connection,
                                                    std::span<const SourceLimit> limits);

// For the test that no claim looks at a row it does not take.
extern const char* const kNextLaneSql;
extern const char* const kLaneRowsSql;
extern const char* const kRunningSql;

}  // namespace webhookcore::sqlite
