#include <string>
#include <vector>

#include "webhookcore/store/sqlite/seal.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

struct SealedRow {
  std::int64_t key = 0;
  std::string id;
  std::string secrets;
  std::string headers;
};

Result<std::vector<SealedRow>> read_rows(Connection& connection, std::int64_t after,
                                         std::size_t limit) {
  std::vector<SealedRow> rows;
  auto query = connection.query(
      "SELECT key, id, secrets, headers FROM endpoints WHERE key > ? ORDER BY key LIMIT ?", after,
      limit);
  auto done = query.each([&]() -> Result<void> {
    rows.push_back({query.integer(0), query.text(1), query.text(2), query.text(3)});
    return {};
  });
  if (!done) return done.error();
  return rows;
}

Result<void> reseal_column(const Sealer& sealer, std::string_view id, std::string_view column,
                           std::string& stored) {
  auto text = sealer.open(id, column, stored);
  if (!text) return text.error();
  stored = sealer.seal(id, column, *text);
  wipe(*text);
  return {};
}

// What was plain must not stay behind in the free parts of a page.
class OverwritesDeleted {
 public:
  explicit OverwritesDeleted(Connection& connection) : connection_(connection) {
    static_cast<void>(connection_.run("PRAGMA secure_delete = ON").ok());
  }
  ~OverwritesDeleted() { static_cast<void>(connection_.run("PRAGMA secure_delete = OFF").ok()); }
  OverwritesDeleted(const OverwritesDeleted&) = delete;
  OverwritesDeleted& operator=(const OverwritesDeleted&) = delete;

 private:
  Connection& connection_;
};

// True when it was sealed with an older key, or plain.
Result<bool> reseal_row(Connection& connection, const Sealer& sealer, SealedRow& row) {
  if (!sealer.should_reseal(row.secrets) && !sealer.should_reseal(row.headers)) return false;
  if (auto done = reseal_column(sealer, row.id, kSecretsColumn, row.secrets); !done) {
    return done.error();
  }
  if (auto done = reseal_column(sealer, row.id, kHeadersColumn, row.headers); !done) {
    return done.error();
  }
  auto done = connection
                  .query("UPDATE endpoints SET secrets = ?, headers = ? WHERE key = ?",
                         Borrowed{row.secrets}, Borrowed{row.headers}, row.key)
                  .run();
  if (!done) return done.error();
  return true;
}

// Nothing is sealed with the others when no row says so: looked at once more, since another
// process may have written one meanwhile.
Result<void> forget_older_keys(Connection& connection, const Sealer& sealer) {
  bool in_use = false;
  auto query = connection.query("SELECT secrets, headers FROM endpoints");
  auto done = query.each([&]() -> Result<void> {
    in_use = in_use || sealer.should_reseal(query.view(0)) || sealer.should_reseal(query.view(1));
    return {};
  });
  if (!done || in_use) return done;
  return connection.query("DELETE FROM seal_keys WHERE id <> ?", sealer.sealing_id()).run();
}

}  // namespace

Result<void> SqliteStore::check_keys() {
  return read([&](Connection& connection) { return database_->sealer().check(connection); });
}

Result<std::size_t> SqliteStore::reseal(std::int64_t& after, std::size_t limit) {
  std::size_t resealed = 0;
  std::int64_t next = after;
  if (auto error = closed_error()) return *error;
  const Sealer& sealer = database_->sealer();
  if (!sealer.seals()) {
    after = 0;
    return resealed;
  }
  const auto written = write([&](Connection& connection) -> Result<void> {
    const OverwritesDeleted overwrites(connection);
    if (auto noted = sealer.note_key(connection); !noted) return noted;
    auto rows = read_rows(connection, after, limit);
    if (!rows) return rows.error();
    for (SealedRow& row : *rows) {
      const auto changed = reseal_row(connection, sealer, row);
      if (!changed) return changed.error();
      resealed += *changed ? 1 : 0;
    }
    if (rows->size() < limit) {
      next = 0;
      return forget_older_keys(connection, sealer);
    }
    next = rows->back().key;
    return {};
  });
  if (!written) return written.error();
  after = next;
  return resealed;
}

}  // namespace webhookcore::sqlite
