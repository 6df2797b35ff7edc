// One connection to a database file, with its prepared statements.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/query.h"

struct sqlite3;

namespace webhookcore::sqlite {

enum class Synchronous : std::uint8_t { full, normal };

// `restart` lets the next commit begin the log anew; `truncate` also gives its
// space back, which costs the next commits twice the time.
enum class Checkpoint : std::uint8_t { restart, truncate };

// One thread at a time. Never checkpoints by itself: SQLite's automatic checkpoint
// is the kind that loses commits before 3.51.3 (reliability.md 0.1).
class Connection {
 public:
  // The file exists. `path` is absolute, so that it is never read as a URI.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Synchronous synchronous,
                                                  Duration busy_timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `sql` is a literal: the statement is kept under its address.
  template <typename... Values>
  Query query(const char* sql, const Values&... values) {
    Query query = prepare_kept(sql);
    query.bind_all(values...);
    return query;
  }

  // For text that was put together; only fixed fragments, values are bound.
  template <typename... Values>
  Query query_once(const std::string& sql, const Values&... values) {
    Query query = prepare_once(sql);
    query.bind_all(values...);
    return query;
  }

  Result<void> run(const char* sql) { return query(sql).run(); }
  Result<void> run_script(const std::string& statements);

  bool in_transaction() const;
  // Of the last INSERT, UPDATE or DELETE.
  std::int64_t changed_rows() const;
  // Of all of them since it was opened.
  std::int64_t all_changed_rows() const;
  // The integer key of the last row that was inserted.
  std::int64_t last_key() const;
  // In the log after this connection's last commit, by any process.
  int log_pages() const { return log_pages_; }

  void set_busy_timeout(Duration timeout);
  Result<void> set_synchronous(Synchronous synchronous);
  // Waits for nobody: store_busy when a reader still needs the log.
  Result<void> checkpoint(Checkpoint kind);
  // Lets close() fold the log into the file and remove it. SQLite does that only
  // when it can lock every other connection out, in any process.
  void fold_log_on_close();

 private:
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  static int on_commit(void* self, sqlite3* handle, const char* schema, int pages);
  Query prepare_kept(const char* sql);
  Query prepare_once(const std::string& sql);
  Error last_error() const;

  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
  Duration busy_timeout_{};
  int log_pages_ = 0;
};

}  // namespace webhookcore::sqlite
