#include "webhookcore/store/sqlite/migrations.h"

#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/migration_texts.h"  // Made by CMake from schema/*.sql.

namespace webhookcore::sqlite {

namespace {

struct FileState {
  std::int64_t application_id = 0;
  std::int64_t version = 0;
  bool empty = true;
};

Result<std::int64_t> read_number(Connection& connection, const std::string& sql) {
  auto query = connection.query_once(sql);
  const auto row = query.step();
  if (!row) return row.error();
  return *row ? query.integer(0) : 0;
}

Result<FileState> read_state(Connection& connection) {
  const auto id = read_number(connection, "PRAGMA application_id");
  if (!id) return id.error();
  const auto version = read_number(connection, "PRAGMA user_version");
  if (!version) return version.error();
  const auto objects = read_number(connection, "SELECT count(*) FROM sqlite_schema");
  if (!objects) return objects.error();
  return FileState{*id, *version, *objects == 0};
}

Result<void> judge(const FileState& state, const std::string& path) {
  const bool unused = state.application_id == 0 && state.version == 0 && state.empty;
  if (unused) return {};
  if (state.application_id != kApplicationId) {
    return Error{ErrorCode::store_corrupt, path + ": is another program's database"};
  }
  if (state.version > schema_version()) {
    return Error{ErrorCode::schema_too_new, path + ": has schema " + std::to_string(state.version) +
                                                ", this program knows " +
                                                std::to_string(schema_version())};
  }
  if (state.version < 1) return Error{ErrorCode::store_corrupt, path + ": has no schema version"};
  return {};
}

Result<void> use_log(Connection& connection, const std::string& path) {
  auto query = connection.query_once("PRAGMA journal_mode = WAL");
  const auto row = query.step();
  if (!row) return row.error();
  if (*row && query.view(0) == "wal") return {};
  return Error{ErrorCode::store_unavailable, path + ": a write-ahead log is not possible here"};
}

Result<void> run_migration(Connection& connection, int version) {
  if (auto begun = connection.run_script("BEGIN IMMEDIATE"); !begun) return begun;
  // Read again: the gate excludes our own processes, an older one may not have it.
  const auto now = read_number(connection, "PRAGMA user_version");
  Result<void> done = now ? Result<void>() : Result<void>(now.error());
  if (done && *now < version) {
    done =
        connection.run_script(std::string(migration_texts[static_cast<std::size_t>(version - 1)]) +
                              ";PRAGMA application_id = " + std::to_string(kApplicationId) +
                              ";PRAGMA user_version = " + std::to_string(version));
  }
  if (done) done = connection.run_script("COMMIT");
  if (!done && connection.in_transaction()) {
    static_cast<void>(connection.run_script("ROLLBACK").ok());  // The first error is the news.
  }
  return done;
}

}  // namespace

int schema_version() { return static_cast<int>(migration_texts.size()); }

Result<void> migrate(Connection& connection, const std::string& path) {
  const auto state = read_state(connection);
  if (!state) return state.error();
  if (auto judged = judge(*state, path); !judged) return judged;
  if (state->empty) {
    // Only a file without a page can still be told to keep the books of its free pages,
    // which pruning gives back to the system.
    auto done = connection.run_script("PRAGMA auto_vacuum = INCREMENTAL");
    if (!done) return done;
  }
  if (auto done = use_log(connection, path); !done) return done;
  if (state->version == schema_version()) return {};
  for (int version = static_cast<int>(state->version) + 1; version <= schema_version(); ++version) {
    if (auto done = run_migration(connection, version); !done) return done;
  }
  // So that the schema stands in the file itself, whatever becomes of the log. A
  // reader may prevent it.
  static_cast<void>(connection.checkpoint(Checkpoint::restart).ok());
  return {};
}

}  // namespace webhookcore::sqlite
