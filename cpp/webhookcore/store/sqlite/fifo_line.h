// The line of an endpoint whose deliveries are made in send order (`fifo`): all of its
// deliveries that have not ended, by their messages: one that recover() made stands where its
// message was sent. Of a line at most one row is in flight or
// may be claimed; the others are held until it has ended.
#pragma once

#include <cstdint>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

// For the test that they go by the line's index.
extern const char* const kLineIsBusySql;
extern const char* const kFirstOfLineSql;
extern const char* const kStuckLinesSql;

// Whether somebody stands in the line, so that the next to come has to wait.
Result<bool> line_is_busy(Connection& connection, std::int64_t endpoint);

// Lets the first of the line go, unless one is in flight; one that stands behind it and
// was let go before it came waits again. To be called after every change of a row that
// stands in the line or has just left it.
Result<void> settle_line(Connection& connection, std::int64_t endpoint);

// Lines in which all wait and nobody was let go. The store makes none; a row that somebody
// deletes by hand does.
struct StuckLines {
  std::vector<std::int64_t> endpoints = {};
  std::int64_t looked_until = 0;  // Go on behind this endpoint; 0: from the start.
};

// Looks at a bounded number of lines, by the endpoints after `after`.
Result<StuckLines> find_stuck_lines(Connection& connection, std::int64_t after);

// How the deliveries of an endpoint wait.
struct Waiting {
  bool held = false;  // The endpoint is disabled.
  bool fifo = false;
  bool operator==(const Waiting&) const = default;
};

// Moves all that waits for the endpoint, after it was disabled or enabled or its ordering
// was changed.
Result<void> rearrange_deliveries(Connection& connection, std::int64_t endpoint, Waiting from,
                                  Waiting to);

}  // namespace webhookcore::sqlite
