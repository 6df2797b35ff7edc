#include "webhookcore/store/sqlite/replay_rows.h"

#include <string>
#include <utility>

#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

std::optional<std::int64_t> optional_integer(const Query& query, int column) {
  if (query.is_null(column)) return std::nullopt;
  return query.integer(column);
}

ReplayRequest read_request(const Query& query) {
  ReplayRequest request;
  if (query.integer(2) != 0) request.letters.tenant.emplace(query.optional_text(3));
  request.letters.endpoint_id = query.optional_text(4);
  request.letters.type = query.optional_text(5);
  request.letters.error = query.optional_text(6);
  request.letters.since = query.optional_time(7);
  request.letters.until = query.optional_time(8);
  request.most = optional_integer(query, 9);
  request.missed_since = query.optional_time(10);
  if (!query.is_null(11)) request.per_second = query.real(11);
  return request;
}

}  // namespace

Result<std::vector<ReplayRow>> read_replays(Query query) {
  std::vector<ReplayRow> rows;
  auto done = query.each([&]() -> Result<void> {
    const auto state = value_of(query.integer(1), ReplayJobState::done);
    if (!state) return damaged("state of a replay job");
    ReplayRow row;
    row.job = {query.integer(0),  read_request(query), *state,         query.integer(16),
               query.integer(17), query.integer(18),   query.time(21), query.time(22)};
    row.letters_done = query.integer(12) != 0;
    row.place = query.integer(13);
    row.line = {query.time(14), query.integer(15)};
    row.owner = optional_integer(query, 19);
    row.lease_expires_at = query.time(20);
    rows.push_back(std::move(row));
    return {};
  });
  if (!done) return done.error();
  return rows;
}

Result<std::optional<ReplayRow>> find_replay(Connection& connection, std::int64_t key) {
  static const std::string sql =
      std::string("SELECT ") + kReplayColumns + " FROM replay_jobs WHERE key = ?";
  auto rows = read_replays(connection.query(sql.c_str(), key));
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<ReplayRow>();
  return std::optional(std::move(rows->front()));
}

Result<std::int64_t> insert_replay(Connection& connection, const ReplayRow& row) {
  const ReplayRequest& request = row.job.request;
  auto query = connection.query(
      "INSERT INTO replay_jobs (state, tenant_given, tenant, endpoint, type, error, since, until,"
      " most, missed_since, per_second, letters_done, place, line_from, line_length, matched,"
      " replayed, missed, owner, lease_expires_at, created_at, updated_at)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key",
      code_of(row.job.state), request.letters.tenant.has_value(),
      request.letters.tenant.value_or(std::nullopt), request.letters.endpoint_id,
      request.letters.type, request.letters.error, request.letters.since, request.letters.until,
      request.most, request.missed_since, request.per_second, row.letters_done, row.place,
      row.line.from, row.line.length, row.job.matched, row.job.replayed, row.job.missed, row.owner,
      row.lease_expires_at, row.job.created_at, row.job.updated_at);
  const auto found = query.step();
  if (!found) return found.error();
  return query.integer(0);
}

Result<void> update_replay(Connection& connection, const ReplayRow& row) {
  return connection
      .query(
          "UPDATE replay_jobs SET state = ?, letters_done = ?, place = ?, line_from = ?,"
          " line_length = ?, replayed = ?, missed = ?, owner = ?, lease_expires_at = ?,"
          " updated_at = ? WHERE key = ?",
          code_of(row.job.state), row.letters_done, row.place, row.line.from, row.line.length,
          row.job.replayed, row.job.missed, row.owner, row.lease_expires_at, row.job.updated_at,
          row.job.key)
      .run();
}

}  // namespace webhookcore::sqlite
