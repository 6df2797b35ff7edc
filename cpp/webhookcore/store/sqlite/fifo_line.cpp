#include "webhookcore/store/sqlite/fifo_line.h"

#include "webhookcore/store/sqlite/codes.h"

namespace webhookcore::sqlite {

namespace {

// Of one sweep: a millisecond.
constexpr std::int64_t kLinesAtOnce = 200;

Result<void> hold(Connection& connection, std::int64_t delivery, HeldCode held) {
  return connection.query("UPDATE deliveries SET held = ? WHERE key = ?", code_of(held), delivery)
      .run();
}

// By an index each: the line, the rows that are held, or all that can be claimed.
const char* rearranging_sql(Waiting from) {
  if (from.fifo) {
    return "UPDATE deliveries SET held = ?2, fifo = ?3"
           " WHERE fifo = 1 AND state = 0 AND endpoint = ?1";
  }
  if (from.held)
    return "UPDATE deliveries SET held = ?2, fifo = ?3 WHERE held = 1 AND endpoint = ?1";
  return "UPDATE deliveries SET held = ?2, fifo = ?3 WHERE key IN"
         " (SELECT key FROM deliveries WHERE state = 0 AND held = 0 AND endpoint = ?1)";
}

}  // namespace

const char* const kLineIsBusySql =
    "SELECT EXISTS (SELECT 1 FROM deliveries WHERE fifo = 1 AND state = 1 AND endpoint = ?1)"
    " OR EXISTS (SELECT 1 FROM deliveries WHERE fifo = 1 AND state = 0 AND endpoint = ?1)";

// Whether one is in flight; the key and the message of the one that was let go; the same of
// the first of those that wait.
const char* const kFirstOfLineSql =
    "SELECT EXISTS (SELECT 1 FROM deliveries WHERE fifo = 1 AND state = 1 AND endpoint = ?1),"
    " let_go.key, let_go.message, first.key, first.message FROM (SELECT 1)"
    " LEFT JOIN (SELECT key, message FROM deliveries WHERE fifo = 1 AND state = 0"
    " AND endpoint = ?1 AND held = 0 ORDER BY message LIMIT 1) AS let_go"
    " LEFT JOIN (SELECT key, message FROM deliveries WHERE fifo = 1 AND state = 0"
    " AND endpoint = ?1 AND held = 2 ORDER BY message LIMIT 1) AS first";

// One seek from each line to the next, and at most three in it: about 5 us for a line.
const char* const kStuckLinesSql =
    "WITH RECURSIVE line(endpoint) AS"
    " (SELECT min(endpoint) FROM deliveries WHERE fifo = 1 AND state = 0 AND endpoint > ?1"
    " UNION ALL SELECT (SELECT min(endpoint) FROM deliveries"
    " WHERE fifo = 1 AND state = 0 AND endpoint > line.endpoint)"
    " FROM line WHERE endpoint IS NOT NULL LIMIT ?2)"
    " SELECT endpoint,"
    " EXISTS (SELECT 1 FROM deliveries WHERE fifo = 1 AND state = 0 AND endpoint = line.endpoint"
    " AND held = 2)"
    " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE fifo = 1 AND state = 0"
    " AND endpoint = line.endpoint AND held = 0)"
    " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE fifo = 1 AND state = 1"
    " AND endpoint = line.endpoint) FROM line WHERE endpoint IS NOT NULL";

Result<StuckLines> find_stuck_lines(Connection& connection, std::int64_t after) {
  StuckLines stuck;
  std::int64_t lines = 0;
  auto query = connection.query(kStuckLinesSql, after, kLinesAtOnce);
  auto done = query.each([&]() -> Result<void> {
    ++lines;
    stuck.looked_until = query.integer(0);
    if (query.integer(1) != 0) stuck.endpoints.push_back(stuck.looked_until);
    return {};
  });
  if (!done) return done.error();
  if (lines < kLinesAtOnce) stuck.looked_until = 0;
  return stuck;
}

Result<bool> line_is_busy(Connection& connection, std::int64_t endpoint) {
  auto query = connection.query(kLineIsBusySql, endpoint);
  if (const auto found = query.step(); !found) return found.error();
  return query.integer(0) != 0;
}

Result<void> settle_line(Connection& connection, std::int64_t endpoint) {
  auto query = connection.query(kFirstOfLineSql, endpoint);
  if (const auto found = query.step(); !found) return found.error();
  const bool in_flight = query.integer(0) != 0;
  if (in_flight || query.is_null(3)) return {};
  const std::int64_t first = query.integer(3);
  if (!query.is_null(1)) {
    if (query.integer(2) < query.integer(4)) return {};
    if (auto done = hold(connection, query.integer(1), HeldCode::waits_its_turn); !done)
      return done;
  }
  return hold(connection, first, HeldCode::no);
}

Result<void> rearrange_deliveries(Connection& connection, std::int64_t endpoint, Waiting from,
                                  Waiting to) {
  const HeldCode held = held_code(to.held, to.fifo);
  auto done = connection.query(rearranging_sql(from), endpoint, code_of(held), to.fifo).run();
  if (!done || from.fifo == to.fifo)
    return done && to.fifo ? settle_line(connection, endpoint) : done;
  // What is under way counts from now on as in the line, or no longer.
  done = connection
             .query("UPDATE deliveries SET fifo = ? WHERE state = 1 AND endpoint = ?", to.fifo,
                    endpoint)
             .run();
  if (!done || !to.fifo) return done;
  return settle_line(connection, endpoint);
}

}  // namespace webhookcore::sqlite
