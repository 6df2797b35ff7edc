#include "webhookcore/store/sqlite/due_rows.h"

#include <algorithm>
#include <utility>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

// Cancelled in one transaction at most; more wait for the next one.
constexpr std::size_t kMostExpired = 1000;

std::array<std::string, kRanks> make_due_rows_sql() {
  std::array<std::string, kRanks> texts;
  for (int rank = 0; rank < kRanks; ++rank) {
    texts[static_cast<std::size_t>(rank)] =
        "SELECT d.key, d.attempts, d.budget_used, d.cause, d.expires_at,"
        " iif(m.key IS NULL, '', e.id), m.id, m.tenant, m.type, m.content_type, m.created_at,"
        " m.body, d.reaps FROM deliveries AS d"
        " LEFT JOIN messages AS m ON m.key = d.message"
        " LEFT JOIN endpoints AS e ON e.key = d.endpoint"
        " WHERE d.state = 0 AND d.held = 0 AND d.rank = " +
        std::to_string(rank) + " AND d.next_attempt_at <= ? ORDER BY d.next_attempt_at, d.key";
  }
  return texts;
}

Result<ClaimedDelivery> read_claimed(const Query& query, int rank, const LeaseToken& token) {
  const auto cause = value_of(query.integer(3), Cause::replay);
  if (!cause) return damaged("cause of a delivery");
  ClaimedDelivery claimed;
  claimed.key = query.integer(0);
  claimed.token = token;
  claimed.attempts = static_cast<int>(query.integer(1));
  claimed.budget_used = static_cast<int>(query.integer(2));
  claimed.trigger = kCauseNames[static_cast<std::size_t>(*cause)];
  claimed.expires_at = query.optional_time(4);
  claimed.endpoint_id = query.text(5);
  claimed.rank = rank;
  claimed.message = {.id = query.text(6),
                     .tenant = query.optional_text(7),
                     .type = query.text(8),
                     .body = query.text(11),
                     .content_type = query.text(9),
                     .created_at = query.time(10),
                     .priority = priority_of(rank),
                     .expires_at = claimed.expires_at};
  return claimed;
}

// Counted when the first suspect comes, which is rarely.
class Suspects {
 public:
  explicit Suspects(Connection& connection) : connection_(connection) {}

  Result<bool> may_take(int reaps) {
    if (!is_suspect(reaps)) return true;
    if (!places_) {
      auto query = connection_.query(
          "SELECT count(*) FROM deliveries WHERE state = 1 AND reaps >= ?", kSuspectReaps);
      if (const auto found = query.step(); !found) return found.error();
      places_.emplace(static_cast<std::size_t>(query.integer(0)));
    }
    return places_->take();
  }

 private:
  Connection& connection_;
  std::optional<SuspectPlaces> places_;
};

// The rows of each rank, one step ahead of what was taken.
class DueCursors {
 public:
  Result<void> open(Connection& connection, const DueTimes& times, TimePoint now) {
    for (std::size_t rank = 0; rank < cursors_.size(); ++rank) {
      if (!times[rank] || *times[rank] > now) continue;
      cursors_[rank].emplace(connection.query(due_rows_sql()[rank].c_str(), now));
      if (auto done = step(static_cast<int>(rank)); !done) return done;
    }
    return {};
  }

  const ClaimTurns::HasDue& has_due() const { return has_due_; }
  const Query& row(int rank) const { return *cursors_[static_cast<std::size_t>(rank)]; }

  Result<void> step(int rank) {
    const auto place = static_cast<std::size_t>(rank);
    const auto found = cursors_[place]->step();
    if (!found) return found.error();
    has_due_[place] = *found;
    return {};
  }

 private:
  std::array<std::optional<Query>, kRanks> cursors_;
  ClaimTurns::HasDue has_due_{};
};

}  // namespace

const char* const kDueTimesSql =
    "SELECT (SELECT next_attempt_at FROM deliveries WHERE state = 0 AND held = 0"
    " AND rank = ranks.column1 ORDER BY next_attempt_at LIMIT 1)"
    " FROM (VALUES (0), (1), (2), (3), (4), (5)) AS ranks";

const std::array<std::string, kRanks>& due_rows_sql() {
  static const auto texts = make_due_rows_sql();
  return texts;
}

std::optional<TimePoint> earliest(const DueTimes& times) {
  std::optional<TimePoint> first;
  for (const auto& time : times) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

Result<DueTimes> read_due_times(Connection& connection) {
  DueTimes times;
  std::size_t rank = 0;
  auto query = connection.query(kDueTimesSql);
  const auto done = query.each([&]() -> Result<void> {
    times.at(rank++) = query.optional_time(0);
    return {};
  });
  if (!done) return done.error();
  return times;
}

Result<DueRows> read_due(Connection& connection, ClaimTurns& turns, TimePoint now,
                         std::size_t limit, const LeaseToken& token) {
  const auto times = read_due_times(connection);
  if (!times) return times.error();
  DueCursors cursors;
  if (auto done = cursors.open(connection, *times, now); !done) return done.error();
  DueRows due;
  Suspects suspects(connection);
  while (due.claimed.size() < limit && due.expired.size() < kMostExpired) {
    const int rank = turns.next(cursors.has_due());
    if (rank == kRanks) break;
    const Query& row = cursors.row(rank);
    if (has_expired(row.optional_time(4), now)) {
      due.expired.push_back(row.integer(0));
    } else {
      const auto may_take = suspects.may_take(static_cast<int>(row.integer(12)));
      if (!may_take) return may_take.error();
      if (*may_take) {
        auto claimed = read_claimed(row, rank, token);
        if (!claimed) return claimed.error();
        due.claimed.push_back(std::move(*claimed));
      }
    }
    if (auto done = cursors.step(rank); !done) return done.error();
  }
  return due;
}

}  // namespace webhookcore::sqlite
