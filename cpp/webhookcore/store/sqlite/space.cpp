// How much room the store takes, and giving it back.
#include <algorithm>
#include <string>

#include "webhookcore/store/sqlite/operational_rows.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

Result<std::int64_t> read_number(Connection& connection, const char* sql) {
  auto query = connection.query(sql);
  const auto found = query.step();
  if (!found) return found.error();
  return *found ? query.integer(0) : 0;
}

struct Pages {
  std::int64_t size = 0;
  std::int64_t all = 0;
  std::int64_t free = 0;
};

Result<Pages> read_pages(Connection& connection) {
  const auto size = read_number(connection, "PRAGMA page_size");
  if (!size) return size.error();
  const auto all = read_number(connection, "PRAGMA page_count");
  if (!all) return all.error();
  const auto free = read_number(connection, "PRAGMA freelist_count");
  if (!free) return free.error();
  return Pages{*size, *all, *free};
}

// Pages that are free are not counted: they are used again before the file grows, so that a
// file never gets larger than its quota, and pruning makes room at once.
Result<StoreUse> read_use(Connection& connection, std::int64_t log_bytes) {
  const auto pages = read_pages(connection);
  if (!pages) return pages.error();
  return StoreUse{.used_bytes = (pages->all - pages->free) * pages->size + log_bytes,
                  .file_bytes = pages->all * pages->size,
                  .log_bytes = log_bytes,
                  .free_bytes = pages->free * pages->size};
}

std::string in_mib(std::int64_t bytes) { return std::to_string(bytes / kMiB) + " MiB"; }

}  // namespace

Result<StoreUse> SqliteStore::measure_space() {
  return read([&](Connection& connection) { return read_use(connection, database_->log_bytes()); });
}

Result<std::optional<Error>> SqliteStore::over_quota(Connection& connection, TimePoint now) const {
  const std::int64_t quota = quota_.load(std::memory_order_relaxed);
  if (quota == 0) return std::optional<Error>();
  const auto use = read_use(connection, database_->log_bytes());
  if (!use) return use.error();
  if (use->used_bytes < quota) return std::optional<Error>();
  auto told = add_refusal_event(
      connection,
      {.type = operational::kQuota, .details = quota_details(use->used_bytes, quota), .at = now});
  if (!told) return told.error();
  return std::optional(Error{ErrorCode::store_full, database_->path() + ": holds " +
                                                        in_mib(use->used_bytes) +
                                                        ", its quota is " + in_mib(quota) +
                                                        "; pruning makes room, or a larger quota"});
}

Result<bool> SqliteStore::give_back_pages(std::int64_t pages, std::int64_t keep) {
  bool more = false;
  // Looked at first, without the write lock: mostly there is nothing.
  const auto seen = read([](Connection& connection) { return read_pages(connection); });
  if (!seen) return seen.error();
  if (seen->free <= keep) return false;
  const auto written = write([&](Connection& connection) -> Result<void> {
    const auto found = read_pages(connection);
    if (!found) return found.error();
    const std::int64_t given = std::min(pages, found->free - keep);
    if (given <= 0) return {};
    more = found->free - given > keep;
    return connection.query_once("PRAGMA incremental_vacuum(" + std::to_string(given) + ")").run();
  });
  if (!written) return written.error();
  return more;
}

void SqliteStore::checkpoint() {
  if (!closed_error()) database_->checkpoint_now();
}

}  // namespace webhookcore::sqlite
