// Stored events in somebody's hands: claimed, completed, taken back.
#include <map>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/inbox_lanes.h"
#include "webhookcore/store/sqlite/inbox_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

struct LostEvent {
  std::int64_t key = 0;
  int crashes = 0;
};

Result<std::vector<LostEvent>> read_lost(const Database& database, Connection& connection,
                                         TimePoint now) {
  std::map<std::int64_t, ClaimOwner> owners;  // The system is asked once for each.
  std::vector<LostEvent> lost;
  auto query =
      connection.query("SELECT key, crashes, owner, lease_expires_at FROM inbox WHERE state = 1");
  auto done = query.each([&]() -> Result<void> {
    auto [owner, is_new] = owners.try_emplace(query.integer(2), ClaimOwner::unknown);
    if (is_new) owner->second = database.owner_state(owner->first);
    if (claim_is_free(owner->second, query.time(3), now)) {
      lost.push_back({query.integer(0), static_cast<int>(query.integer(1))});
    }
    return {};
  });
  if (!done) return done.error();
  return lost;
}

Result<void> take_back(Connection& connection, const LostEvent& event, TimePoint now) {
  const bool spent = crashes_are_spent(event.crashes);
  const auto next = spent ? std::nullopt : std::optional(now);
  return connection
      .query(
          "UPDATE inbox SET state = ?, crashes = crashes + 1, next_attempt_at = ?, owner = NULL,"
          " lease_token = NULL, lease_expires_at = NULL,"
          " last_error = CASE WHEN ? THEN 'crash_loop' ELSE last_error END, updated_at = ?"
          " WHERE key = ?",
          code_of(spent ? InboxState::dead : InboxState::pending), next, spent, now, event.key)
      .run();
}

Result<void> set_aside(Connection& connection, std::int64_t key, TimePoint now) {
  return connection
      .query(
          "UPDATE inbox SET state = ?, next_attempt_at = NULL, last_error = ?, updated_at = ?"
          " WHERE key = ?",
          code_of(InboxState::dead), kDamagedError, now, key)
      .run();
}

// Nothing for a row that cannot be read.
Result<std::optional<InboxEvent>> take(Connection& connection, std::int64_t key,
                                       const LeaseToken& token, std::int64_t owner, TimePoint now,
                                       Duration lease) {
  static const std::string sql =
      std::string("SELECT ") + kInboxColumns + " FROM inbox WHERE key = ?";
  auto query = connection.query(sql.c_str(), key);
  const auto found = query.step();
  if (!found) return found.error();
  auto event = read_event(query);
  if (!event) {
    if (auto done = set_aside(connection, key, now); !done) return done.error();
    return std::optional<InboxEvent>();
  }
  event->state = InboxState::running;
  event->next_attempt_at = std::nullopt;
  event->updated_at = now;
  auto done = connection
                  .query(
                      "UPDATE inbox SET state = ?, next_attempt_at = NULL, owner = ?,"
                      " lease_token = ?, lease_expires_at = ?, updated_at = ? WHERE key = ?",
                      code_of(event->state), owner, Blob{token.value}, now + lease, now, key)
                  .run();
  if (!done) return done.error();
  return std::optional(std::move(*event));
}

Result<void> complete_one(Connection& connection, const EventCompletion& completion,
                          TimePoint now) {
  if (completion.state == InboxState::running) {
    return Error{ErrorCode::config, "a run ends as done, pending or dead", "state"};
  }
  const bool waits = completion.state == InboxState::pending;
  const bool failed = completion.state != InboxState::done && completion.counts;
  const auto next = waits ? std::optional(completion.next_attempt_at.value_or(now)) : std::nullopt;
  auto query = connection.query(
      "UPDATE inbox SET state = ?1, next_attempt_at = ?2, attempts = attempts + ?3,"
      " rank = rank | ?3, handler_result = ?4, last_error = ?5, updated_at = ?6, owner = NULL,"
      " lease_token = NULL, lease_expires_at = NULL"
      " WHERE key = ?7 AND state = ?8 AND lease_token = ?9",
      code_of(completion.state), next, failed, completion.handler_result, completion.error, now,
      completion.key, code_of(InboxState::running), Blob{completion.token.value});
  if (auto done = query.run(); !done) return done;
  if (connection.changed_rows() == 1) return {};
  return Error{ErrorCode::lease_lost, "the event was taken back"};
}

bool is_final(const Error& error) {
  return error.code != ErrorCode::lease_lost && error.code != ErrorCode::config;
}

}  // namespace

Result<std::vector<ClaimedEvent>> SqliteStore::claim_due_events(const EventClaim& claim,
                                                                TimePoint now) {
  std::vector<ClaimedEvent> claimed;
  if (claim.limit == 0) return claimed;
  // Looked at first, without the write lock: mostly there is nothing.
  const auto due = next_event_due_at(claim.limits);
  if (!due) return due.error();
  if (!*due || **due > now) return claimed;

  const auto written = write(
      [&](Connection& connection) -> Result<void> {
        claimed.clear();
        bool more = true;
        while (more) {
          auto lanes = read_due_lanes(connection, claim, now);
          if (!lanes) return lanes.error();
          const auto keys =
              choose_due(lanes->lanes, lanes->rooms, database_->inbox_turns(), claim.limit);
          LeaseToken token = claim.join.value_or(LeaseToken{});
          for (const std::int64_t key : keys) {
            if (token.value.empty() || !claim.only) token = draw_token();
            auto event = take(connection, key, token, database_->owner(), now, claim.lease);
            if (!event) return event.error();
            if (*event) claimed.push_back({std::move(**event), token});
          }
          // Nothing but damaged rows: what is behind them is due as well.
          more = claimed.empty() && !keys.empty();
        }
        return {};
      },
      // After a power cut the rows are due again, as they would be with the claim in place.
      Survives::kill);
  if (!written) return written.error();
  return claimed;
}

std::vector<Result<void>> SqliteStore::complete_events(std::span<const EventCompletion> completions,
                                                       TimePoint now) {
  std::vector<Result<void>> results;
  const auto written = write([&](Connection& connection) -> Result<void> {
    results.clear();
    std::int64_t ended = 0;
    for (const EventCompletion& completion : completions) {
      auto done = complete_one(connection, completion, now);
      if (!done && is_final(done.error())) return done;
      if (done && completion.state != InboxState::pending) ++ended;
      results.push_back(std::move(done));
    }
    inbox_room_.add(-ended);
    return {};
  });
  if (!written) return std::vector<Result<void>>(completions.size(), written.error());
  return results;
}

Result<std::size_t> SqliteStore::reap_events(TimePoint now) {
  database_->checkpoint_if_idle();
  const auto seen =
      read([&](Connection& connection) { return read_lost(*database_, connection, now); });
  if (!seen) return seen.error();
  if (seen->empty()) return std::size_t{0};

  std::size_t reaped = 0;
  const auto written = write([&](Connection& connection) -> Result<void> {
    const auto lost = read_lost(*database_, connection, now);
    if (!lost) return lost.error();
    for (const LostEvent& event : *lost) {
      if (auto done = take_back(connection, event, now); !done) return done;
    }
    reaped = lost->size();
    return {};
  });
  if (!written) return written.error();
  return reaped;
}

Result<std::optional<TimePoint>> SqliteStore::next_event_due_at(
    std::span<const SourceLimit> limits) {
  return read([&](Connection& connection) { return earliest_event_due(connection, limits); });
}

}  // namespace webhookcore::sqlite
