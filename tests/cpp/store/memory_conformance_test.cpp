#include "catch.h"
#include "store/conformance.h"
#include "webhookcore/store/memory/memory_store.h"

using namespace webhookcore;

namespace {

SystemRandom system_random;

std::shared_ptr<Store> make() { return make_memory_store(system_random); }

}  // namespace

TEST_CASE("memory store: idempotency keys") { conformance::check_idempotency(make); }
TEST_CASE("memory store: inbox") { conformance::check_inbox(make); }
TEST_CASE("memory store: order of the inbox") { conformance::check_inbox_order(make); }
TEST_CASE("memory store: rows of the inbox") { conformance::check_inbox_rows(make); }
TEST_CASE("memory store: endpoints") { conformance::check_endpoints(make); }
TEST_CASE("memory store: enqueue") { conformance::check_enqueue(make); }
TEST_CASE("memory store: deliveries") { conformance::check_deliveries(make); }
TEST_CASE("memory store: order of claims") { conformance::check_order(make); }
TEST_CASE("memory store: lines") { conformance::check_lines(make); }
TEST_CASE("memory store: clock jumps") { conformance::check_clock_jumps(make); }
TEST_CASE("memory store: random lines") { conformance::check_random_lines(make); }
TEST_CASE("memory store: attempts") { conformance::check_attempts(make); }
TEST_CASE("memory store: listings") { conformance::check_listings(make); }
TEST_CASE("memory store: calls together") { conformance::check_together(make); }
TEST_CASE("memory store: leading") { conformance::check_leading(make); }
TEST_CASE("memory store: tenants") { conformance::check_tenants(make); }
TEST_CASE("memory store: rates of tenants") { conformance::check_tenant_rates(make); }
TEST_CASE("memory store: event types") { conformance::check_event_types(make); }
TEST_CASE("memory store: polling") { conformance::check_polling(make); }
TEST_CASE("memory store: metrics") { conformance::check_metrics(make); }
TEST_CASE("memory store: health") { conformance::check_health(make); }
TEST_CASE("memory store: operational events") { conformance::check_operations(make); }
TEST_CASE("memory store: replays") { conformance::check_replays(make); }
TEST_CASE("memory store: upkeep") { conformance::check_upkeep(make); }
TEST_CASE("memory store: closing") { conformance::check_closing(make); }
