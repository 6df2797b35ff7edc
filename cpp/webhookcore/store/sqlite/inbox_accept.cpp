#include <algorithm>

#include "webhookcore/store/sqlite/idempotency_rows.h"
#include "webhookcore/store/sqlite/inbox_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

Result<bool> is_dead(Connection& connection, std::int64_t key) {
  auto query = connection.query("SELECT state FROM inbox WHERE key = ?", key);
  const auto found = query.step();
  if (!found) return found.error();
  return *found && query.integer(0) == code_of(InboxState::dead);
}

// What an accept finds: nullopt when the event is new. `revived` means that the row
// is dead; reviving it is the caller's write.
Result<std::optional<AcceptResult>> judge(const Database& database, Connection& connection,
                                          const ClaimKey& key, TimePoint now) {
  auto row = find_key(connection, key);
  if (!row) return row.error();
  switch (judge_key(database, *row, now)) {
    case KeyUse::free:
      return std::optional<AcceptResult>();
    case KeyUse::running:
      return std::optional(AcceptResult{AcceptResult::Kind::running});
    case KeyUse::completed:
      break;
  }
  AcceptResult result{AcceptResult::Kind::duplicate, (*row)->inbox_event.value_or(0),
                      std::move((*row)->kept_result)};
  if ((*row)->inbox_event) {
    const auto dead = is_dead(connection, result.key);
    if (!dead) return dead.error();
    if (*dead) result.kind = AcceptResult::Kind::revived;
  }
  return std::optional(std::move(result));
}

Result<void> complete_key(Connection& connection, const ClaimKey& key, std::int64_t event,
                          std::string_view kept_result, TimePoint expires_at) {
  return connection
      .query(
          "INSERT OR REPLACE INTO idempotency_keys (source, event_key, state, inbox_event,"
          " expires_at, kept_result) VALUES (?, ?, ?, ?, ?, ?)",
          key.source, key.event_key, code_of(KeyCode::completed), event, expires_at, kept_result)
      .run();
}

ClaimKey key_of(const NewEvent& event) {
  return {event.event.source, event.event_key.value_or(std::string_view())};
}

Result<AcceptResult> accept_one(const Database& database, Connection& connection,
                                const NewEvent& event, std::string_view kept_result, TimePoint now,
                                Duration time_to_live) {
  if (event.event_key) {
    auto known = judge(database, connection, key_of(event), now);
    if (!known) return known.error();
    if (*known) {
      if ((*known)->kind != AcceptResult::Kind::revived) return std::move(**known);
      const auto revived = revive_event(connection, (*known)->key, now);
      if (!revived) return revived.error();
      return std::move(**known);
    }
  }
  const auto stored = insert_event(connection, event, now);
  if (!stored) return stored.error();
  if (event.event_key) {
    auto completed =
        complete_key(connection, key_of(event), *stored, kept_result, now + time_to_live);
    if (!completed) return completed.error();
  }
  return AcceptResult{AcceptResult::Kind::accepted, *stored};
}

bool waits_now(const AcceptResult& result) {
  return result.kind == AcceptResult::Kind::accepted || result.kind == AcceptResult::Kind::revived;
}

// The answers, when none of the events needs a write.
Result<std::optional<std::vector<AcceptResult>>> look(const Database& database,
                                                      Connection& connection,
                                                      std::span<const NewEvent> events,
                                                      TimePoint now) {
  using Answers = std::optional<std::vector<AcceptResult>>;
  std::vector<AcceptResult> answers;
  for (const NewEvent& event : events) {
    if (!event.event_key) return Answers();
    auto known = judge(database, connection, key_of(event), now);
    if (!known) return known.error();
    if (!*known || (*known)->kind == AcceptResult::Kind::revived) return Answers();
    answers.push_back(std::move(**known));
  }
  return Answers(std::move(answers));
}

}  // namespace

Result<std::optional<Error>> SqliteStore::over_max_inbox(Connection& connection, TimePoint now) {
  if (inbox_room_.is_stale(now)) {
    const auto most = static_cast<std::size_t>(inbox_room_.most());
    const auto count = read_backlog(connection, most, std::nullopt);
    if (!count) return count.error();
    inbox_room_.set_count(static_cast<std::int64_t>(*count), now);
  }
  if (!inbox_room_.is_full()) return std::optional<Error>();
  return std::optional(inbox_room_.refusal());
}

// Why nothing new is taken in now, if that is so.
Result<std::optional<Error>> SqliteStore::refuses_events(Connection& connection, TimePoint now) {
  auto full = over_quota(connection, now);
  if (!full || *full) return full;
  return over_max_inbox(connection, now);
}

Result<SqliteStore::Accepts> SqliteStore::accept_all(Connection& connection,
                                                     std::span<const NewEvent> events,
                                                     std::string_view kept_result, TimePoint now,
                                                     Duration time_to_live) {
  Accepts accepts;
  auto refusal = refuses_events(connection, now);
  if (!refusal) return refusal.error();
  if (*refusal) {
    // What was stored before is a duplicate all the same.
    auto known = look(*database_, connection, events, now);
    if (!known) return known.error();
    if (*known) {
      accepts.results = std::move(**known);
    } else {
      accepts.refused = std::move(*refusal);
    }
    return accepts;
  }
  for (const NewEvent& event : events) {
    auto result = accept_one(*database_, connection, event, kept_result, now, time_to_live);
    if (!result) return result.error();
    accepts.results.push_back(std::move(*result));
  }
  inbox_room_.add(std::count_if(accepts.results.begin(), accepts.results.end(), &waits_now));
  return accepts;
}

Result<std::vector<AcceptResult>> SqliteStore::accept_many(std::span<const NewEvent> events,
                                                           std::string_view kept_result,
                                                           TimePoint now, Duration time_to_live) {
  if (transaction_ == nullptr) {
    // Duplicates are answered here, without the write lock.
    auto known =
        read([&](Connection& connection) { return look(*database_, connection, events, now); });
    if (!known) return known.error();
    if (*known) return std::move(**known);
  }
  Accepts accepts;
  // One event is written in part by a failure of the disk alone, after which nobody's is kept.
  const Undo undo = events.size() == 1 ? Undo::together : Undo::alone;
  const auto written = write(
      [&](Connection& connection) -> Result<void> {
        auto all = accept_all(connection, events, kept_result, now, time_to_live);
        if (!all) return all.error();
        accepts = std::move(*all);
        return {};
      },
      Survives::power_cut, undo);
  if (!written) return written.error();
  if (accepts.refused) return std::move(*accepts.refused);
  return std::move(accepts.results);
}

}  // namespace webhookcore::sqlite
