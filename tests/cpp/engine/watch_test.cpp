#include "webhookcore/engine/watch.h"

#include <algorithm>

#include "catch.h"
#include "engine/engine_tools.h"
#include "webhookcore/store/memory/memory_store.h"

using namespace webhookcore;
using namespace webhookcore::testing;

namespace {

struct Bench {
  SeededRandom random{1};
  std::shared_ptr<Store> store = make_memory_store(random);
  Watch watch{*store, {.failing_least = 10, .volume_least = 100}};
  TimePoint now = kStart;
  int made = 0;

  void endpoint(const std::string& id, std::optional<std::string> tenant = {}) {
    Endpoint row = make_endpoint(id);
    row.tenant = std::move(tenant);
    REQUIRE(store->create_endpoint(row).ok());
  }
  void send(std::optional<std::string> tenant = {}) {
    NewMessage message = make_message();
    message.message.id = "msg_" + std::to_string(++made);
    message.message.created_at = now;
    message.message.tenant = std::move(tenant);
    REQUIRE(store->enqueue({&message, 1}, now)[0].ok());
  }
  // Everything that is due: the endpoints named in `failing` fail.
  void attempt_all(const std::vector<std::string>& failing) {
    const auto claimed = store->claim_due(now, 1000, 6min);
    for (const ClaimedDelivery& delivery : *claimed) {
      const bool fails =
          std::find(failing.begin(), failing.end(), delivery.endpoint_id) != failing.end();
      AttemptRecord record;
      record.delivery = delivery.key;
      record.token = delivery.token;
      record.signal = fails ? DeliverySignal::failed_for_good : DeliverySignal::succeeded;
      REQUIRE(store->record_attempts({&record, 1}, now)[0].ok());
    }
  }
  void look() { REQUIRE(watch.step(now, Duration{to_unix_ms(now)}).ok()); }
  std::vector<OperationalEvent> told(const std::string& type) {
    OperationalFilter filter;
    filter.type = type;
    return *store->list_operational_events(filter);
  }
};

}  // namespace

TEST_CASE("an endpoint with more failures than not is told, one without is not") {
  Bench bench;
  bench.endpoint("ep_bad", "acme");
  bench.endpoint("ep_good", "acme");
  for (int i = 0; i < 9; ++i) bench.send("acme");
  bench.attempt_all({"ep_bad"});
  bench.look();
  CHECK(bench.told("endpoint.failing").empty());  // Too few yet.

  bench.send("acme");
  bench.attempt_all({"ep_bad"});
  bench.now += 1min;
  bench.look();
  const auto told = bench.told("endpoint.failing");
  REQUIRE(told.size() == 1);
  CHECK(told[0].endpoint_id == "ep_bad");
  CHECK(told[0].tenant == "acme");
  CHECK(told[0].details == R"({"attempts":10,"failed":10})");
  CHECK(bench.told("tenant.failing").empty());  // Half of its attempts, not more.

  bench.now += 30min;
  bench.look();
  CHECK(bench.told("endpoint.failing").size() == 1);
  CHECK(bench.told("endpoint.failing")[0].repeats == 1);
  bench.now += 2h;
  bench.look();  // An hour without an attempt.
  CHECK(bench.told("endpoint.failing").size() == 1);
}

TEST_CASE("a tenant whose endpoints fail together is told too") {
  Bench bench;
  bench.endpoint("ep_1");
  bench.endpoint("ep_2");
  for (int i = 0; i < 6; ++i) bench.send();
  bench.attempt_all({"ep_1", "ep_2"});
  bench.look();
  CHECK(bench.told("endpoint.failing").empty());  // Six each.
  REQUIRE(bench.told("tenant.failing").size() == 1);
  CHECK_FALSE(bench.told("tenant.failing")[0].tenant);
}

TEST_CASE("what is due and not taken for a quarter of an hour is an old backlog") {
  Bench bench;
  bench.endpoint("ep_1");
  bench.send();
  bench.now += 14min;
  bench.look();
  CHECK(bench.told("backlog.old").empty());
  bench.now += 1min;
  bench.look();
  REQUIRE(bench.told("backlog.old").size() == 1);
  CHECK(bench.told("backlog.old")[0].details == R"({"due_since":1700000000000,"age_ms":900000})");
}

TEST_CASE("an hour with ten times the usual messages is unusual, a young store has no usual") {
  Bench bench;
  for (int i = 0; i < 200; ++i) bench.send();
  bench.look();
  CHECK(bench.told("volume.unusual").empty());

  bench.now += 26h;
  for (int i = 0; i < 101; ++i) bench.send();
  bench.look();
  REQUIRE(bench.told("volume.unusual").size() == 1);
  CHECK(bench.told("volume.unusual")[0].details == R"({"last_hour":101,"usual":0})");
}

TEST_CASE("a secret of ninety days is told once a week, a rotated one is not") {
  Bench bench;
  bench.endpoint("ep_1");
  bench.look();
  CHECK(bench.told("endpoint.secret_old").empty());
  bench.now += 24h * 90;
  bench.look();
  REQUIRE(bench.told("endpoint.secret_old").size() == 1);
  CHECK(bench.told("endpoint.secret_old")[0].endpoint_id == "ep_1");
  for (int day = 0; day < 7; ++day) {
    bench.now += 24h;
    bench.look();
  }
  CHECK(bench.told("endpoint.secret_old").size() == 2);
  Endpoint row = **bench.store->get_endpoint("ep_1");
  row.secrets.insert(row.secrets.begin(), {Secret(kSecret), bench.now});
  REQUIRE(bench.store->update_endpoint(row, bench.now).ok());
  bench.now += 24h * 8;
  bench.look();
  CHECK(bench.told("endpoint.secret_old").size() == 2);
}

TEST_CASE("what operators were told is deleted a month after it happened last") {
  Bench bench;
  const TimePoint first = bench.now;
  for (const char* const type : {"endpoint.disabled", "delivery.dead"}) {
    OperationalEvent event{.type = type, .at = first};
    REQUIRE(bench.store->add_operational_event(event).ok());
  }
  OperationalEvent again{.type = "delivery.dead", .at = first + 59min};
  REQUIRE(bench.store->add_operational_event(again).ok());
  bench.now = first + kKeepOperationalEvents + 1ms;
  bench.look();
  REQUIRE(bench.told("*").size() == 1);
  CHECK(bench.told("delivery.dead")[0].repeats == 1);
  bench.now += 59min;  // Looked for once an hour.
  bench.look();
  CHECK(bench.told("*").size() == 1);
  bench.now += 1min;
  bench.look();
  CHECK(bench.told("*").empty());
}

TEST_CASE("the watch looks once a minute, and not for an attempt") {
  Bench bench;
  bench.endpoint("ep_1");
  bench.send();
  bench.look();
  bench.now += 20min;
  REQUIRE(bench.watch.step(bench.now, Duration{to_unix_ms(kStart) + 59'999}).ok());
  CHECK(bench.told("backlog.old").empty());
  REQUIRE(bench.watch.step(bench.now, Duration{to_unix_ms(kStart) + 60'000}).ok());
  CHECK(bench.told("backlog.old").size() == 1);
}
