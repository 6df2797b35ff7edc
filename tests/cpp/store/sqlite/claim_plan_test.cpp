// No claim looks at a row that it does not take: each of its queries goes by the due index,
// in the index's own order.
#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"
#include "webhookcore/store/sqlite/due_rows.h"
#include "webhookcore/store/sqlite/fifo_line.h"
#include "webhookcore/store/sqlite/inbox_lanes.h"
#include "webhookcore/store/sqlite/inbox_rows.h"

using namespace webhookcore;

namespace {

std::string plan_of(const RawDatabase& database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(database.handle(), ("EXPLAIN QUERY PLAN " + sql).c_str(), -1,
                             &statement, nullptr) == SQLITE_OK);
  std::string plan;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    plan += reinterpret_cast<const char*>(sqlite3_column_text(statement, 3));
    plan += "\n";
  }
  sqlite3_finalize(statement);
  return plan;
}

bool has(const std::string& plan, const std::string& text) {
  return plan.find(text) != std::string::npos;
}

// A file as it is when nobody has it open.
struct File {
  TempFolder folder;
  std::string path = folder.file("plans.db");
  File() { open_store(path)->close(); }
};

}  // namespace

TEST_CASE("a claim reads each rank by the due index, without sorting") {
  const File file;
  const RawDatabase database(file.path);
  for (const std::string& sql : sqlite::due_rows_sql()) {
    const std::string plan = plan_of(database, sql);
    INFO(plan);
    CHECK(has(plan, "SEARCH d USING INDEX deliveries_due (rank=? AND next_attempt_at<?)"));
    CHECK_FALSE(has(plan, "TEMP B-TREE"));
    CHECK_FALSE(has(plan, "SCAN"));
  }
}

TEST_CASE("the next due time is one seek in the due index for each rank") {
  const File file;
  const RawDatabase database(file.path);
  const std::string plan = plan_of(database, sqlite::kDueTimesSql);
  INFO(plan);
  // Covering or not: what SQLite makes of a partial index's own condition differs.
  CHECK(has(plan, "INDEX deliveries_due (rank=?)"));
  CHECK_FALSE(has(plan, "TEMP B-TREE"));
  CHECK_FALSE(has(plan, "SCAN deliveries"));
}

TEST_CASE("the sweep for stuck lines goes from line to line by their indexes") {
  const File file;
  const RawDatabase database(file.path);
  const std::string plan = plan_of(database, sqlite::kStuckLinesSql);
  INFO(plan);
  CHECK(has(plan, "INDEX deliveries_line (endpoint>?)"));
  CHECK(has(plan, "INDEX deliveries_line (endpoint=? AND held=?)"));
  CHECK(has(plan, "INDEX deliveries_line_busy (endpoint=?)"));
  CHECK_FALSE(has(plan, "TEMP B-TREE"));
  CHECK_FALSE(has(plan, "SCAN deliveries"));
}

TEST_CASE("a line finds who is next by its own index") {
  const File file;
  const RawDatabase database(file.path);
  for (const char* const sql : {sqlite::kLineIsBusySql, sqlite::kFirstOfLineSql}) {
    const std::string plan = plan_of(database, sql);
    INFO(plan);
    CHECK(has(plan, "SEARCH deliveries USING INDEX deliveries_line (endpoint=?"));
    CHECK(has(plan, "SEARCH deliveries USING INDEX deliveries_line_busy (endpoint=?)"));
    CHECK_FALSE(has(plan, "TEMP B-TREE"));
    CHECK_FALSE(has(plan, "SCAN deliveries"));
  }
}

TEST_CASE("a claim of events goes from lane to lane and in each by the due index") {
  const File file;
  const RawDatabase database(file.path);
  const std::string next = plan_of(database, sqlite::kNextLaneSql);
  INFO(next);
  CHECK(has(next, "INDEX inbox_due ((source,rank)>(?,?))"));
  CHECK_FALSE(has(next, "TEMP B-TREE"));
  const std::string rows = plan_of(database, sqlite::kLaneRowsSql);
  INFO(rows);
  CHECK(has(rows, "INDEX inbox_due (source=? AND rank=? AND next_attempt_at<?)"));
  CHECK_FALSE(has(rows, "TEMP B-TREE"));
  // The tokens of what runs are sorted: few, at most what all workers have under way.
  CHECK(has(plan_of(database, sqlite::kRunningSql), "INDEX inbox_running (source=?)"));
}

TEST_CASE("the backlog of events is counted in their indexes alone") {
  const File file;
  const RawDatabase database(file.path);
  for (const char* const sql : {sqlite::kBacklogSql, sqlite::kBacklogOfSourceSql}) {
    const std::string plan = plan_of(database, sql);
    INFO(plan);
    CHECK(has(plan, "INDEX inbox_due"));
    CHECK(has(plan, "INDEX inbox_running"));
    CHECK_FALSE(has(plan, "TEMP B-TREE"));
  }
}
