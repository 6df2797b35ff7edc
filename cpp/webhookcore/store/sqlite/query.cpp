#include "webhookcore/store/sqlite/query.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

Query::Query(Query&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)),
      owned_(other.owned_),
      bound_(other.bound_),
      failure_(std::move(other.failure_)) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  if (owned_) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::keep(int code) {
  if (code == SQLITE_OK || failure_) return;
  failure_ = make_error(code, 0, sqlite3_errstr(code));
}

void Query::bind_integer(std::int64_t value) {
  keep(sqlite3_bind_int64(statement_, ++bound_, value));
}

void Query::bind(double value) { keep(sqlite3_bind_double(statement_, ++bound_, value)); }

void Query::bind(std::string_view text) {
  // A null pointer would bind NULL and not the empty text.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  keep(
      sqlite3_bind_text64(statement_, ++bound_, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::bind(Blob blob) {
  const char* bytes = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  keep(sqlite3_bind_blob64(statement_, ++bound_, bytes, blob.bytes.size(), SQLITE_TRANSIENT));
}

void Query::bind(Borrowed blob) {
  const char* bytes = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  keep(sqlite3_bind_blob64(statement_, ++bound_, bytes, blob.bytes.size(), SQLITE_STATIC));
}

Result<bool> Query::step() {
  if (failure_) return *failure_;
  // A COMMIT that fails leaves SQLite's own record of the system's error unset.
  errno = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const int system_errno = errno;
  sqlite3* const connection = sqlite3_db_handle(statement_);
  return make_error(sqlite3_extended_errcode(connection), system_errno, sqlite3_errmsg(connection));
}

Result<void> Query::run() {
  return each([]() -> Result<void> { return {}; });
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Query::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Query::view(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string Query::text(int column) const { return std::string(view(column)); }

std::optional<std::string> Query::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<int> Query::optional_int(int column) const {
  if (is_null(column)) return std::nullopt;
  return static_cast<int>(integer(column));
}

std::optional<TimePoint> Query::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::optional<Duration> Query::optional_duration(int column) const {
  if (is_null(column)) return std::nullopt;
  return duration(column);
}

}  // namespace webhookcore::sqlite
