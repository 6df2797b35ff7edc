#include "webhookcore/store/sqlite/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <limits>

#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

// A file may be hostile: its schema gets no triggers, no views and no functions
// with side effects, and no statement may write to the schema table itself.
void distrust_schema(sqlite3* handle) {
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
}

// cache_size: 8 MiB for each connection. mmap would widen the window of the
// log-reset bug and turn a truncated file into SIGBUS.
constexpr const char* kSettings =
    "PRAGMA mmap_size = 0; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF;";

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path,
                                                     Synchronous synchronous,
                                                     Duration busy_timeout) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                       SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
                                   nullptr);
  if (handle == nullptr) return make_error(code, 0, sqlite3_errstr(code));
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (code != SQLITE_OK) return connection->last_error();

  distrust_schema(handle);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_wal_autocheckpoint(handle, 0);
  sqlite3_wal_hook(handle, &Connection::on_commit, connection.get());
  connection->set_busy_timeout(busy_timeout);
  if (auto done = connection->run_script(kSettings); !done) return done.error();
  if (auto done = connection->set_synchronous(synchronous); !done) return done.error();
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

int Connection::on_commit(void* self, sqlite3*, const char*, int pages) {
  static_cast<Connection*>(self)->log_pages_ = pages;
  return SQLITE_OK;
}

Error Connection::last_error() const {
  return make_error(sqlite3_extended_errcode(handle_), sqlite3_system_errno(handle_),
                    sqlite3_errmsg(handle_));
}

Query Connection::prepare_kept(const char* sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return Query(found->second, false);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    return Query(last_error());
  }
  statements_.emplace(sql, statement);
  return Query(statement, false);
}

Query Connection::prepare_once(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    return Query(last_error());
  }
  return Query(statement, true);
}

Result<void> Connection::run_script(const std::string& statements) {
  if (sqlite3_exec(handle_, statements.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return last_error();
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::int64_t Connection::changed_rows() const { return sqlite3_changes64(handle_); }

std::int64_t Connection::all_changed_rows() const { return sqlite3_total_changes64(handle_); }

std::int64_t Connection::last_key() const { return sqlite3_last_insert_rowid(handle_); }

void Connection::set_busy_timeout(Duration timeout) {
  busy_timeout_ = timeout;
  const auto ms = std::clamp<std::int64_t>(timeout.count(), 0, std::numeric_limits<int>::max());
  sqlite3_busy_timeout(handle_, static_cast<int>(ms));
}

Result<void> Connection::set_synchronous(Synchronous synchronous) {
  return run_script(synchronous == Synchronous::full ? "PRAGMA synchronous = FULL"
                                                     : "PRAGMA synchronous = NORMAL");
}

Result<void> Connection::checkpoint(Checkpoint kind) {
  const Duration usual = busy_timeout_;
  set_busy_timeout(Duration{0});
  int pages = 0;
  const int code = sqlite3_wal_checkpoint_v2(
      handle_, "main",
      kind == Checkpoint::truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART, &pages,
      nullptr);
  // Read the error before the timeout call below replaces it.
  Result<void> outcome = code == SQLITE_OK ? Result<void>() : Result<void>(last_error());
  if (code == SQLITE_OK) log_pages_ = 0;
  set_busy_timeout(usual);
  return outcome;
}

void Connection::fold_log_on_close() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

}  // namespace webhookcore::sqlite
