#include "catch.h"
#include "store/conformance.h"
#include "store/temp_folder.h"
#include "webhookcore/store/sqlite/sqlite_store.h"

using namespace webhookcore;

namespace {

SystemRandom system_random;

// One folder for each test case, a fresh file for each store.
struct SqliteBackend {
  TempFolder folder;
  int made = 0;

  conformance::MakeStore make() {
    return [this] {
      auto store = open_sqlite_store(
          {.path = folder.file("store-" + std::to_string(++made) + ".db")}, system_random);
      REQUIRE(store);
      return *store;
    };
  }
};

}  // namespace

TEST_CASE("sqlite store: idempotency keys") {
  conformance::check_idempotency(SqliteBackend().make());
}
TEST_CASE("sqlite store: inbox") { conformance::check_inbox(SqliteBackend().make()); }
TEST_CASE("sqlite store: order of the inbox") {
  conformance::check_inbox_order(SqliteBackend().make());
}
TEST_CASE("sqlite store: rows of the inbox") {
  conformance::check_inbox_rows(SqliteBackend().make());
}
TEST_CASE("sqlite store: endpoints") { conformance::check_endpoints(SqliteBackend().make()); }
TEST_CASE("sqlite store: enqueue") { conformance::check_enqueue(SqliteBackend().make()); }
TEST_CASE("sqlite store: deliveries") { conformance::check_deliveries(SqliteBackend().make()); }
TEST_CASE("sqlite store: order of claims") { conformance::check_order(SqliteBackend().make()); }
TEST_CASE("sqlite store: lines") { conformance::check_lines(SqliteBackend().make()); }
TEST_CASE("sqlite store: clock jumps") { conformance::check_clock_jumps(SqliteBackend().make()); }
TEST_CASE("sqlite store: random lines") { conformance::check_random_lines(SqliteBackend().make()); }
TEST_CASE("sqlite store: attempts") { conformance::check_attempts(SqliteBackend().make()); }
TEST_CASE("sqlite store: listings") { conformance::check_listings(SqliteBackend().make()); }
TEST_CASE("sqlite store: calls together") { conformance::check_together(SqliteBackend().make()); }
TEST_CASE("sqlite store: leading") { conformance::check_leading(SqliteBackend().make()); }
TEST_CASE("sqlite store: tenants") { conformance::check_tenants(SqliteBackend().make()); }
TEST_CASE("sqlite store: rates of tenants") {
  conformance::check_tenant_rates(SqliteBackend().make());
}
TEST_CASE("sqlite store: event types") { conformance::check_event_types(SqliteBackend().make()); }
TEST_CASE("sqlite store: polling") { conformance::check_polling(SqliteBackend().make()); }
TEST_CASE("sqlite store: metrics") { conformance::check_metrics(SqliteBackend().make()); }
TEST_CASE("sqlite store: health") { conformance::check_health(SqliteBackend().make()); }
TEST_CASE("sqlite store: operational events") {
  conformance::check_operations(SqliteBackend().make());
}
TEST_CASE("sqlite store: replays") { conformance::check_replays(SqliteBackend().make()); }
TEST_CASE("sqlite store: upkeep") { conformance::check_upkeep(SqliteBackend().make()); }
TEST_CASE("sqlite store: closing") { conformance::check_closing(SqliteBackend().make()); }
