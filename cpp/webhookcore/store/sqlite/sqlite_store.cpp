#include "webhookcore/store/sqlite/sqlite_store.h"

#include <sqlite3.h>

#include "webhookcore/store/sqlite/migrations.h"
#include "webhookcore/store/sqlite/registry.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore {

Result<std::shared_ptr<Store>> open_sqlite_store(const SqliteOptions& options, Random& random) {
  auto database = sqlite::acquire_database(options, random);
  if (!database) return database.error();
  return std::shared_ptr<Store>(std::make_shared<sqlite::SqliteStore>(std::move(*database)));
}

namespace sqlite {

StoreInfo SqliteStore::info() {
  return {"sqlite", database_->path(), sqlite3_libversion(), schema_version(),
          database_->sealer().sealing_id()};
}

void SqliteStore::close_once() {
  if (transaction_ != nullptr || closed_.exchange(true)) return;
  database_->stop_leading(this);
  release_database(database_);
}

Result<bool> SqliteStore::lead() {
  if (auto error = closed_error()) return *error;
  return database_->lead(this);
}

Result<void> SqliteStore::together(const std::function<void(Store&)>& calls) {
  return write([&](Connection& connection) -> Result<void> {
    SqliteStore inside(database_, connection);
    inside.quota_ = quota_.load(std::memory_order_relaxed);
    inside.inbox_room_ = inbox_room_;
    calls(inside);
    inbox_room_ = inside.inbox_room_;
    if (inside.spoiled_) return *inside.spoiled_;
    return {};
  });
}

Result<void> SqliteStore::write_inside(const GroupCommit::Work& work, Undo undo) {
  if (spoiled_) return *spoiled_;
  Result<void> outcome;
  spoiled_ = GroupCommit::run_inside(*transaction_, work, undo, outcome);
  if (spoiled_) return *spoiled_;
  return outcome;
}

std::optional<Error> SqliteStore::closed_error() const {
  if (!closed_) return std::nullopt;
  return Error{ErrorCode::closed, database_->path() + ": this store was closed"};
}

Result<void> SqliteStore::write(const GroupCommit::Work& work, Survives survives, Undo undo) {
  if (transaction_ != nullptr) return write_inside(work, undo);
  if (auto error = closed_error()) return *error;
  return database_->write(work, survives, undo);
}

}  // namespace sqlite
}  // namespace webhookcore
