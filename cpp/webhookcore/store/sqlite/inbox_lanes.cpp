#include "webhookcore/store/sqlite/inbox_lanes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "webhookcore/core/event_pattern.h"

namespace webhookcore::sqlite {

namespace {

struct LaneHead {
  std::string source;
  int rank = -1;  // Before all others of its source.
  TimePoint due_at{};
};

// The lane behind `last`, with its oldest row.
Result<std::optional<LaneHead>> next_lane(Connection& connection, const LaneHead& last) {
  auto query = connection.query(kNextLaneSql, last.source, last.rank);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<LaneHead>();
  return std::optional(LaneHead{query.text(0), static_cast<int>(query.integer(1)), query.time(2)});
}

Result<std::size_t> count_running(Connection& connection, const std::string& source) {
  auto query = connection.query(kRunningSql, source);
  const auto found = query.step();
  if (!found) return found.error();
  return static_cast<std::size_t>(query.integer(0));
}

Result<std::size_t> room_of(Connection& connection, const std::string& source,
                            std::span<const SourceLimit> limits) {
  const auto limit = std::find_if(limits.begin(), limits.end(),
                                  [&](const SourceLimit& one) { return one.source == source; });
  if (limit == limits.end()) return SIZE_MAX;
  const auto running = count_running(connection, source);
  if (!running) return running.error();
  return limit->most - std::min(limit->most, *running);
}

// Calls `use(head, room)` for each lane of a source that has room.
template <typename Use>
Result<void> each_lane(Connection& connection, std::span<const SourceLimit> limits, Use use) {
  std::string source;
  std::size_t room = 0;
  LaneHead last;
  while (true) {
    auto head = next_lane(connection, last);
    if (!head) return head.error();
    if (!*head) return {};
    last = **head;
    if (last.source != source) {
      source = last.source;
      const auto found = room_of(connection, source, limits);
      if (!found) return found.error();
      room = *found;
    }
    if (room == 0) {
      last.rank = kRanks;  // On to the next source.
      continue;
    }
    if (auto used = use(last, room); !used) return used;
  }
}

Result<std::vector<DueRow>> read_rows(Connection& connection, const LaneHead& lane,
                                      const EventClaim& claim, TimePoint now, std::size_t most) {
  std::vector<DueRow> rows;
  auto query = connection.query(kLaneRowsSql, lane.source, lane.rank, now,
                                claim.only ? kMostLookedAt : most);
  while (rows.size() < most) {
    const auto found = query.step();
    if (!found) return found.error();
    if (!*found) break;
    if (claim.only && !matches_event_pattern(claim.only->pattern, query.view(2))) continue;
    rows.push_back({query.time(1), query.integer(0)});
  }
  return rows;
}

}  // namespace

const char* const kNextLaneSql =
    "SELECT source, rank, next_attempt_at FROM inbox WHERE state = 0 AND (source, rank) > (?, ?)"
    " ORDER BY source, rank, next_attempt_at LIMIT 1";

const char* const kLaneRowsSql =
    "SELECT key, next_attempt_at, ifnull(type, '') FROM inbox WHERE state = 0 AND source = ?"
    " AND rank = ? AND next_attempt_at <= ? ORDER BY next_attempt_at, key LIMIT ?";

// A batch has one token.
const char* const kRunningSql =
    "SELECT count(DISTINCT lease_token) FROM inbox WHERE state = 1 AND source = ?";

Result<DueLanes> read_due_lanes(Connection& connection, const EventClaim& claim, TimePoint now) {
  DueLanes due;
  std::string source;
  const auto done = each_lane(
      connection, claim.limits, [&](const LaneHead& head, std::size_t room) -> Result<void> {
        if (claim.only && head.source != claim.only->source) return {};
        if (head.due_at > now) return {};
        if (due.rooms.empty() || head.source != source) {
          source = head.source;
          // A batch takes one place, whatever its length.
          due.rooms.push_back(claim.only ? SIZE_MAX : room);
        }
        const std::size_t most = std::min(claim.limit, due.rooms.back());
        auto rows = read_rows(connection, head, claim, now, most);
        if (!rows) return rows.error();
        due.lanes.push_back({head.rank, due.rooms.size() - 1, std::move(*rows)});
        return {};
      });
  if (!done) return done.error();
  return due;
}

Result<std::optional<TimePoint>> earliest_event_due(Connection& connection,
                                                    std::span<const SourceLimit> limits) {
  std::optional<TimePoint> earliest;
  const auto done =
      each_lane(connection, limits, [&](const LaneHead& head, std::size_t) -> Result<void> {
        if (!earliest || head.due_at < *earliest) earliest = head.due_at;
        return {};
      });
  if (!done) return done.error();
  return earliest;
}

}  // namespace webhookcore::sqlite
