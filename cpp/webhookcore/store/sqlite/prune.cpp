#include <string>
#include <vector>

#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

// Rows that are looked at between two looks at the time.
constexpr std::size_t kRows = 16;

bool is_newer(TimePoint at, TimePoint limit, TimePoint now) {
  // A row from the future was written while the clock was wrong; what is behind it may be old.
  return at >= limit && at <= now;
}

// Fills one transaction with a piece of a pass. Each stage walks its table in the order of the
// keys, which is that of time, from the oldest row to the first that is too new, and passes by
// what has not come to its end.
class PruneBatch {
 public:
  PruneBatch(Connection& connection, const PruneLimits& limits, PrunePlace& place, Pruned& pruned,
             TimePoint now)
      : connection_(connection), limits_(limits), place_(place), pruned_(pruned), now_(now) {}

  // True: the pass is over.
  Result<bool> run(Duration until) {
    const SystemClock clock;
    do {
      const auto over = stage();
      if (!over) return over.error();
      if (!*over) continue;
      if (place_.stage == PruneStage::jobs) return true;
      place_ = {static_cast<PruneStage>(static_cast<int>(place_.stage) + 1), 0};
    } while (clock.monotonic() < until);
    return false;
  }

 private:
  Result<bool> stage() {
    switch (place_.stage) {
      case PruneStage::messages:
        return limits_.messages_before ? messages(*limits_.messages_before) : true;
      case PruneStage::attempts:
        return limits_.attempts_before ? attempts(*limits_.attempts_before) : true;
      case PruneStage::inbox:
        return limits_.inbox_before ? inbox(*limits_.inbox_before) : true;
      case PruneStage::keys:
        return keys();
      case PruneStage::jobs:
        break;
    }
    return jobs();
  }

  struct Candidate {
    std::int64_t key = 0;
    std::int64_t fan_out = 0;
    TimePoint at{};
  };

  // The next rows of a table, without its newest, which is the counter of keys.
  Result<std::vector<Candidate>> next(const char* sql) {
    std::vector<Candidate> rows;
    auto query = connection_.query(sql, place_.after, kRows);
    auto done = query.each([&]() -> Result<void> {
      rows.push_back({query.integer(0), query.integer(1), query.time(2)});
      return {};
    });
    if (!done) return done.error();
    return rows;
  }

  Result<bool> messages(TimePoint before) {
    const auto rows = next(
        "SELECT key, fan_out, created_at FROM messages WHERE key > ?"
        " AND key < (SELECT max(key) FROM messages) ORDER BY key LIMIT ?");
    if (!rows) return rows.error();
    for (const Candidate& row : *rows) {
      if (is_newer(row.at, before, now_)) return true;
      place_.after = row.key;
      if (row.at >= before) continue;
      const auto needed = is_needed(row, before);
      if (!needed) return needed.error();
      if (*needed) continue;
      if (auto done = erase(row); !done) return done.error();
    }
    return rows->size() < kRows;
  }

  // A delivery of it waits, is under way, came to its end too lately, or may be one that a
  // replay under way is about to take.
  Result<bool> is_needed(const Candidate& message, TimePoint before) {
    auto query = connection_.query(
        "SELECT 1 FROM deliveries WHERE (state < 2 OR updated_at >= ?1 OR (state = 3 AND EXISTS"
        " (SELECT 1 FROM replay_jobs WHERE state = 0))) AND ((key > ?2 AND key <= ?2 + ?3) OR key"
        " IN (SELECT delivery FROM late_deliveries WHERE message = ?2)) LIMIT 1",
        before, message.key, message.fan_out);
    return query.step();
  }

  Result<void> count(Query query, std::int64_t& counter) {
    if (auto done = query.run(); !done) return done;
    counter += connection_.changed_rows();
    return {};
  }

  Result<void> erase(const Candidate& message) {
    const std::int64_t key = message.key;
    auto done = count(
        connection_.query("DELETE FROM attempts WHERE (delivery > ?1 AND delivery <= ?1 + ?2) OR"
                          " delivery IN (SELECT delivery FROM late_deliveries WHERE message = ?1)",
                          key, message.fan_out),
        pruned_.attempts);
    if (!done) return done;
    done = count(
        connection_.query("DELETE FROM deliveries WHERE (key > ?1 AND key <= ?1 + ?2) OR key IN"
                          " (SELECT delivery FROM late_deliveries WHERE message = ?1)",
                          key, message.fan_out),
        pruned_.deliveries);
    if (!done) return done;
    done = connection_.query("DELETE FROM late_deliveries WHERE message = ?", key).run();
    if (!done) return done;
    return count(connection_.query("DELETE FROM messages WHERE key = ?", key), pruned_.messages);
  }

  // One delivery at a time, by the order of the attempts, so that the many deliveries whose
  // attempts are gone cost nothing.
  Result<bool> attempts(TimePoint before) {
    for (std::size_t seen = 0; seen < kRows; ++seen) {
      auto query = connection_.query(
          "SELECT a.delivery, ifnull(d.state, 4), ifnull(d.updated_at, 0), ifnull(d.created_at, 0)"
          " FROM (SELECT delivery FROM attempts WHERE delivery > ? ORDER BY delivery LIMIT 1) AS a"
          " LEFT JOIN deliveries AS d ON d.key = a.delivery",
          place_.after);
      const auto found = query.step();
      if (!found) return found.error();
      if (!*found) return true;
      if (is_newer(query.time(3), before, now_)) return true;
      place_.after = query.integer(0);
      const bool finished = query.integer(1) >= code_of(DeliveryState::delivered);
      if (!finished || query.time(2) >= before) continue;
      auto done = count(connection_.query("DELETE FROM attempts WHERE delivery = ?", place_.after),
                        pruned_.attempts);
      if (!done) return done.error();
    }
    return false;
  }

  Result<bool> inbox(TimePoint before) {
    const auto rows = next(
        "SELECT key, 0, received_at FROM inbox WHERE key > ?"
        " AND key < (SELECT max(key) FROM inbox) ORDER BY key LIMIT ?");
    if (!rows) return rows.error();
    for (const Candidate& row : *rows) {
      if (is_newer(row.at, before, now_)) return true;
      place_.after = row.key;
      auto done = count(
          connection_.query("DELETE FROM inbox WHERE key = ? AND state >= ? AND updated_at < ?",
                            row.key, code_of(InboxState::done), before),
          pruned_.events);
      if (!done) return done.error();
    }
    return rows->size() < kRows;
  }

  Result<bool> keys() {
    std::int64_t gone = 0;
    auto done = count(
        connection_.query(
            "DELETE FROM idempotency_keys WHERE (source, event_key) IN (SELECT source, event_key"
            " FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            now_, kRows),
        gone);
    if (!done) return done.error();
    done = count(
        connection_.query(
            "DELETE FROM send_keys WHERE (scope, idempotency_key) IN (SELECT scope,"
            " idempotency_key FROM send_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            now_, kRows),
        gone);
    if (!done) return done.error();
    pruned_.keys += gone;
    return gone == 0;
  }

  // Also what is known of pauses whose messages are gone.
  Result<bool> jobs() {
    if (!limits_.messages_before) return true;
    auto done =
        count(connection_.query("DELETE FROM replay_jobs WHERE key IN (SELECT key FROM replay_jobs"
                                " WHERE state = 1 AND updated_at < ? ORDER BY key LIMIT ?)",
                                *limits_.messages_before, kRows),
              pruned_.jobs);
    if (!done) return done.error();
    const bool over = connection_.changed_rows() < static_cast<std::int64_t>(kRows);
    done = connection_
               .query(
                   "DELETE FROM endpoint_pauses WHERE until_message <"
                   " (SELECT min(key) FROM messages)")
               .run();
    if (!done) return done.error();
    return over;
  }

  Connection& connection_;
  const PruneLimits& limits_;
  PrunePlace& place_;
  Pruned& pruned_;
  TimePoint now_;
};

}  // namespace

Result<bool> SqliteStore::prune(const PruneLimits& limits, PrunePlace& place, Pruned& pruned,
                                TimePoint now, Duration budget) {
  bool over = false;
  PrunePlace reached = place;
  Pruned gone = pruned;
  const auto written = write([&](Connection& connection) -> Result<void> {
    // The wait for the gate is not its work.
    const Duration until = SystemClock().monotonic() + budget;
    const auto done = PruneBatch(connection, limits, reached, gone, now).run(until);
    if (!done) return done.error();
    over = *done;
    return {};
  });
  if (!written) return written.error();
  place = over ? PrunePlace{} : reached;
  pruned = gone;
  return over;
}

}  // namespace webhookcore::sqlite
