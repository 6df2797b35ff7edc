#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/store/sqlite/delivery_rows.h"
#include "webhookcore/store/sqlite/replay_rows.h"
#include "webhookcore/store/sqlite/replayed_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

// Far longer than a batch; a living owner that stopped half-way is free to replace then.
constexpr Duration kReplayLease = std::chrono::seconds{60};
constexpr std::size_t kCountPage = 1000;

// ?1 to ?9 are bound by letters_query(). `d` has the columns of a dead delivery.
constexpr const char* kMatches =
    " (?1 = 0 OR m.tenant IS ?2) AND (?3 IS NULL OR e.id = ?3) AND (?4 IS NULL OR m.type = ?4)"
    " AND (?5 IS NULL OR d.last_error = ?5) AND (?6 IS NULL OR d.updated_at >= ?6)"
    " AND (?7 IS NULL OR d.updated_at < ?7) AND d.updated_at <= ?8";

// Its endpoint is there, it has not expired (claim_rules.h), and no attempt of it was ever a
// delivery.
constexpr const char* kMayBeReplayed =
    " AND e.state <> 2 AND m.key IS NOT NULL AND (d.expires_at IS NULL OR d.expires_at > ?9)"
    " AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.delivery = d.key"
    " AND a.outcome = 'delivered')";

constexpr const char* kTables =
    " AS d LEFT JOIN messages AS m ON m.key = d.message"
    " LEFT JOIN endpoints AS e ON e.key = d.endpoint";

template <typename... More>
Query letters_query(Connection& connection, const std::string& sql, const DeliveryFilter& letters,
                    TimePoint died_until, TimePoint now, const More&... more) {
  return connection.query(sql.c_str(), letters.tenant.has_value(),
                          letters.tenant.value_or(std::nullopt), letters.endpoint_id, letters.type,
                          letters.error, letters.since, letters.until, died_until, now, more...);
}

Result<std::int64_t> count_letters(Connection& connection, const DeliveryFilter& letters,
                                   TimePoint died_until, TimePoint now) {
  static const std::string sql = std::string("SELECT count(*) FROM deliveries") + kTables +
                                 " WHERE d.state = 3 AND" + kMatches + kMayBeReplayed;
  auto query = letters_query(connection, sql, letters, died_until, now);
  const auto found = query.step();
  if (!found) return found.error();
  return query.integer(0);
}

Result<std::int64_t> count_missed(Connection& connection, const ReplayRequest& request,
                                  TimePoint now) {
  if (!request.missed_since || !request.letters.endpoint_id) return std::int64_t{0};
  const auto endpoint = find_paused(connection, *request.letters.endpoint_id);
  if (!endpoint) return endpoint.error();
  std::int64_t count = 0;
  std::int64_t place = 0;
  bool over = !*endpoint;
  while (!over) {
    const auto page = read_missed(connection, **endpoint, *request.missed_since, TimePoint::max(),
                                  now, place, kCountPage);
    if (!page) return page.error();
    count += static_cast<std::int64_t>(page->messages.size());
    over = page->is_last;
  }
  return count;
}

struct Letter {
  std::int64_t key = 0;
  bool is_wanted = false;
};

std::string next_letters(const std::string& condition) {
  return "SELECT d.key, ifnull((" + condition +
         "), 0) FROM (SELECT key, message, endpoint, last_error, updated_at, expires_at"
         " FROM deliveries WHERE state = 3 AND key > ?10 ORDER BY key LIMIT ?11)" +
         kTables + " ORDER BY d.key";
}

// The next dead letters, whether they match or not, so that a batch is short however few do.
Result<std::vector<Letter>> read_letters(Query query) {
  std::vector<Letter> letters;
  auto done = query.each([&]() -> Result<void> {
    letters.push_back({query.integer(0), query.integer(1) != 0});
    return {};
  });
  if (!done) return done.error();
  return letters;
}

// One batch of a job, inside its transaction.
class ReplayBatch {
 public:
  ReplayBatch(Connection& connection, ReplayRow& row, TimePoint now)
      : connection_(connection), row_(row), now_(now) {}

  Result<void> work(std::size_t limit) {
    return row_.letters_done ? work_missed(limit) : work_letters(limit);
  }

 private:
  bool is_enough() const {
    const auto& most = row_.job.request.most;
    return most && row_.job.replayed + row_.job.missed >= *most;
  }
  TimePoint next_place() { return next_in_line(row_.line, row_.job.request.per_second, now_); }
  void finish() { row_.job.state = ReplayJobState::done; }

  Result<void> work_letters(std::size_t limit) {
    static const std::string sql = next_letters(std::string(kMatches) + kMayBeReplayed);
    const auto letters = read_letters(letters_query(connection_, sql, row_.job.request.letters,
                                                    row_.job.created_at, now_, row_.place, limit));
    if (!letters) return letters.error();
    for (const Letter& letter : *letters) {
      if (is_enough()) break;
      row_.place = letter.key;
      if (!letter.is_wanted) continue;
      if (auto done = replay(letter.key); !done) return done;
    }
    if (is_enough()) {
      finish();
    } else if (letters->size() < limit) {
      row_.letters_done = true;
      row_.place = 0;
      if (!row_.job.request.missed_since) finish();
    }
    return {};
  }

  Result<void> replay(std::int64_t key) {
    auto delivery = find_delivery(connection_, key);
    if (!delivery) return delivery.error();
    const auto* transition = find_transition((*delivery)->state, DeliverySignal::replayed);
    if (transition == nullptr) return damaged("state of a delivery");
    ++row_.job.replayed;
    return replay_delivery(connection_, **delivery, transition->to, next_place(), now_);
  }

  Result<void> work_missed(std::size_t limit) {
    const ReplayRequest& request = row_.job.request;
    const auto endpoint = find_paused(connection_, request.letters.endpoint_id.value_or(""));
    if (!endpoint) return endpoint.error();
    if (!*endpoint) {
      finish();
      return {};
    }
    const auto page = read_missed(connection_, **endpoint, *request.missed_since,
                                  row_.job.created_at, now_, row_.place, limit);
    if (!page) return page.error();
    for (const MissedMessage& message : page->messages) {
      if (is_enough()) break;
      auto done = insert_late_delivery(connection_, message, **endpoint, next_place(), now_);
      if (!done) return done;
      ++row_.job.missed;
    }
    if (page->is_last || is_enough()) finish();
    return {};
  }

  Connection& connection_;
  ReplayRow& row_;
  TimePoint now_;
};

Error no_such_job(std::int64_t key) {
  return {ErrorCode::not_found, "there is no replay job " + std::to_string(key)};
}

}  // namespace

Result<std::int64_t> SqliteStore::count_replayable(const ReplayRequest& request, TimePoint now) {
  return read([&](Connection& connection) -> Result<std::int64_t> {
    const auto letters = count_letters(connection, request.letters, TimePoint::max(), now);
    if (!letters) return letters.error();
    const auto missed = count_missed(connection, request, now);
    if (!missed) return missed.error();
    return std::min(*letters + *missed, request.most.value_or(*letters + *missed));
  });
}

Result<ReplayJob> SqliteStore::begin_replay(const ReplayRequest& request, TimePoint now) {
  ReplayRow row;
  row.job.request = request;
  row.job.created_at = now;
  row.job.updated_at = now;
  row.line.from = now;
  row.lease_expires_at = now + kReplayLease;
  // Counted here, because it may take longer than a writer should hold the others up.
  const auto matched = read([&](Connection& connection) -> Result<std::int64_t> {
    if (request.missed_since) {
      const auto endpoint = find_paused(connection, request.letters.endpoint_id.value_or(""));
      if (!endpoint) return endpoint.error();
      if (!*endpoint) return Error{ErrorCode::not_found, "there is no such endpoint", "endpoint"};
    }
    return count_letters(connection, request.letters, now, now);
  });
  if (!matched) return matched.error();
  row.job.matched = *matched;
  const auto written = write([&](Connection& connection) -> Result<void> {
    row.owner = database_->owner();
    const auto key = insert_replay(connection, row);
    if (!key) return key.error();
    row.job.key = *key;
    return {};
  });
  if (!written) return written.error();
  return std::move(row.job);
}

Result<ReplayJob> SqliteStore::work_replay(std::int64_t job, std::size_t limit, TimePoint now) {
  ReplayJob worked;
  const auto written = write([&](Connection& connection) -> Result<void> {
    auto row = find_replay(connection, job);
    if (!row) return row.error();
    if (!*row) return no_such_job(job);
    ReplayRow& found = **row;
    if (found.job.state == ReplayJobState::running) {
      const bool others_work =
          found.owner && *found.owner != database_->owner() &&
          !claim_is_free(database_->owner_state(*found.owner), found.lease_expires_at, now);
      if (others_work) return Error{ErrorCode::store_busy, "another process works this replay"};
      if (auto done = ReplayBatch(connection, found, now).work(limit); !done) return done;
      found.owner = database_->owner();
      found.lease_expires_at = now + kReplayLease;
      if (found.job.state == ReplayJobState::done) found.owner.reset();
      found.job.updated_at = now;
      if (auto done = update_replay(connection, found); !done) return done;
    }
    worked = std::move(found.job);
    return {};
  });
  if (!written) return written.error();
  return worked;
}

Result<std::optional<ReplayJob>> SqliteStore::find_abandoned_replay(TimePoint now) {
  static const std::string sql =
      std::string("SELECT ") + kReplayColumns + " FROM replay_jobs WHERE state = 0 ORDER BY key";
  return read([&](Connection& connection) -> Result<std::optional<ReplayJob>> {
    auto rows = read_replays(connection.query(sql.c_str()));
    if (!rows) return rows.error();
    for (ReplayRow& row : *rows) {
      const bool is_free = !row.owner || claim_is_free(database_->owner_state(*row.owner),
                                                       row.lease_expires_at, now);
      if (is_free) return std::optional(std::move(row.job));
    }
    return std::optional<ReplayJob>();
  });
}

Result<std::optional<ReplayJob>> SqliteStore::get_replay(std::int64_t job) {
  return read([&](Connection& connection) -> Result<std::optional<ReplayJob>> {
    auto row = find_replay(connection, job);
    if (!row) return row.error();
    if (!*row) return std::optional<ReplayJob>();
    return std::optional(std::move((*row)->job));
  });
}

Result<std::vector<ReplayJob>> SqliteStore::list_replays(const ReplayJobFilter& filter) {
  static const std::string sql =
      std::string("SELECT ") + kReplayColumns +
      " FROM replay_jobs WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR key < ?2)"
      " ORDER BY key DESC LIMIT ?3";
  std::optional<int> state;
  if (filter.state) state = code_of(*filter.state);
  return read([&](Connection& connection) -> Result<std::vector<ReplayJob>> {
    auto rows = read_replays(connection.query(sql.c_str(), state, filter.before_key, filter.limit));
    if (!rows) return rows.error();
    std::vector<ReplayJob> jobs;
    for (ReplayRow& row : *rows) jobs.push_back(std::move(row.job));
    return jobs;
  });
}

Result<std::size_t> SqliteStore::delete_dead_letters(const DeliveryFilter& filter,
                                                     std::int64_t& place, std::size_t limit) {
  static const std::string sql = next_letters(kMatches);
  std::size_t deleted = 0;
  std::int64_t next = place;
  const auto written = write([&](Connection& connection) -> Result<void> {
    const auto letters = read_letters(
        letters_query(connection, sql, filter, TimePoint::max(), TimePoint(), place, limit));
    if (!letters) return letters.error();
    for (const Letter& letter : *letters) {
      if (!letter.is_wanted) continue;
      if (auto done = erase_delivery(connection, letter.key); !done) return done;
      ++deleted;
    }
    next = letters->size() < limit ? 0 : letters->back().key;
    return {};
  });
  if (!written) return written.error();
  place = next;
  return deleted;
}

}  // namespace webhookcore::sqlite
