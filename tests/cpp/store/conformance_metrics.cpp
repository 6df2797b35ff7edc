#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

// Two endpoints without a tenant and one of acme; a message each second, alternating.
void fill(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_1", {"a"})));
  REQUIRE(store.create_endpoint(endpoint("ep_2", {"*"})));
  REQUIRE(store.create_endpoint(endpoint("ep_3", {"*"}, "acme")));
  for (int nth = 0; nth < 6; ++nth) {
    NewMessage sent = message("msg_" + std::to_string(nth), nth % 2 == 0 ? "a" : "b");
    if (nth == 5) sent.message.tenant = "acme";
    REQUIRE(enqueue(store, sent, kNow + std::chrono::seconds{nth}));
  }
}

void settle_first(Store& store, int count, DeliverySignal signal, TimePoint now) {
  const auto claimed = store.claim_due(kNow + 1h, static_cast<std::size_t>(count), 60s);
  REQUIRE(claimed->size() == static_cast<std::size_t>(count));
  for (const ClaimedDelivery& one : *claimed) REQUIRE(record_one(store, record(one, signal), now));
}

MetricsFilter of_tenant(std::optional<std::string> tenant) {
  MetricsFilter filter;
  filter.tenant.emplace(std::move(tenant));
  return filter;
}

void check_window(Store& store) {
  SECTION("all that was sent is counted, and each message once") {
    const auto all = store.measure({});
    CHECK(all->messages == 6);
    CHECK(all->deliveries.pending == 9);
    CHECK(all->backlog == 9);
    CHECK(all->oldest_pending_at == kNow);
    CHECK(all->attempts == 0);
    CHECK_FALSE(all->delivery_time.mean());
  }
  SECTION("a window begins with its first moment and ends before its last") {
    CHECK(store.measure({.since = kNow + 2s})->messages == 4);
    CHECK(store.measure({.since = kNow + 2s, .until = kNow + 4s})->messages == 2);
    CHECK(store.measure({.until = kNow})->messages == 0);
    CHECK(store.measure({.since = kNow + 6s})->messages == 0);
    CHECK(store.measure({.since = kNow + 1ms})->deliveries.pending == 7);
  }
  SECTION("what waits now is counted whatever the window is") {
    CHECK(store.measure({.since = kNow + 6s})->backlog == 9);
  }
}

void check_owners(Store& store) {
  SECTION("endpoints and tenants are counted apart") {
    CHECK(store.measure({.endpoint_id = "ep_1"})->deliveries.pending == 3);
    CHECK(store.measure({.endpoint_id = "ep_2"})->deliveries.pending == 5);
    CHECK(store.measure({.endpoint_id = "ep_9"})->deliveries.pending == 0);
    CHECK(store.measure(of_tenant("acme"))->deliveries.pending == 1);
    CHECK(store.measure(of_tenant("acme"))->backlog == 1);
    CHECK(store.measure(of_tenant("acme"))->oldest_pending_at == kNow + 5s);
    CHECK(store.measure(of_tenant(std::nullopt))->messages == 5);
    CHECK(store.measure(of_tenant(""))->messages == 0);
  }
}

void check_ends(Store& store) {
  SECTION("what waits for its turn belongs to the backlog") {
    Endpoint line = endpoint("ep_4", {"*"}, "line");
    line.fifo = true;
    REQUIRE(store.create_endpoint(line));
    for (const char* id : {"msg_7", "msg_8", "msg_9"}) {
      NewMessage sent = message(id);
      sent.message.tenant = "line";
      REQUIRE(enqueue(store, sent, kNow + 7s));
    }
    CHECK(store.measure(of_tenant("line"))->backlog == 3);
    CHECK(store.measure({})->oldest_pending_at == kNow);
  }
  SECTION("attempts, ends and times are summed up") {
    settle_first(store, 2, DeliverySignal::succeeded, kNow + 10s);
    settle_first(store, 1, DeliverySignal::failed_for_good, kNow + 10s);
    const auto all = store.measure({});
    CHECK(all->deliveries.delivered == 2);
    CHECK(all->deliveries.dead == 1);
    CHECK(all->dead_letters == 1);
    CHECK(all->backlog == 6);
    CHECK(all->attempts == 3);
    CHECK(all->attempted == 3);
    CHECK(all->retried == 0);
    CHECK(all->delivery_time.count() == 2);
    CHECK(all->delivery_time.mean() == 10s);
  }
  SECTION("what waits for an endpoint that is disabled waits all the same") {
    Endpoint off = endpoint("ep_2", {"*"});
    off.state = EndpointState::disabled;
    REQUIRE(overwrite(store, off));
    CHECK(store.measure({})->backlog == 9);
    CHECK(store.measure({.endpoint_id = "ep_2"})->oldest_pending_at == kNow);
  }
}

OperationalEvent opened(TimePoint at, const std::string& endpoint_id,
                        std::optional<std::string> tenant = {}) {
  OperationalEvent event{.type = operational::kOpened, .at = at};
  event.endpoint_id = endpoint_id;
  event.tenant = std::move(tenant);
  return event;
}

void check_trips(Store& store) {
  SECTION("trips of a breaker are counted in the window, with those that were not told") {
    REQUIRE(store.add_operational_event(opened(kNow, "ep_1")));
    REQUIRE(store.add_operational_event(opened(kNow + 1min, "ep_1")));
    REQUIRE(store.add_operational_event(opened(kNow + 2min, "ep_1")));
    REQUIRE(store.add_operational_event(opened(kNow + 1h, "ep_1")));
    REQUIRE(store.add_operational_event(opened(kNow + 1h, "ep_3", "acme")));
    OperationalEvent other = opened(kNow, "ep_1");
    other.type = operational::kClosed;
    REQUIRE(store.add_operational_event(other));

    CHECK(store.measure({})->breaker_trips == 5);
    CHECK(store.measure({.since = kNow + 1h})->breaker_trips == 2);
    CHECK(store.measure({.until = kNow + 1h})->breaker_trips == 3);
    // Repeats stand at the time of the last one.
    CHECK(store.measure({.until = kNow + 2min})->breaker_trips == 1);
    CHECK(store.measure({.since = kNow + 1ms, .until = kNow + 1h})->breaker_trips == 2);
    CHECK(store.measure({.endpoint_id = "ep_1"})->breaker_trips == 4);
    CHECK(store.measure({.endpoint_id = "ep_2"})->breaker_trips == 0);
    CHECK(store.measure(of_tenant("acme"))->breaker_trips == 1);
    CHECK(store.measure(of_tenant(std::nullopt))->breaker_trips == 4);
    CHECK(store.measure(of_tenant(""))->breaker_trips == 0);
  }
  SECTION("a breaker that opens is a trip, and what waits behind it belongs to the backlog") {
    const auto claimed = store.claim_due(kNow + 5s, 2, 60s);
    EndpointHealth health;
    health.breaker = {
        .failures_in_a_row = 5, .open_until = kNow + 5min, .probing = true, .trips = 1};
    AttemptRecord failed = record(claimed->at(0), DeliverySignal::retry_scheduled);
    failed.next_attempt_at = kNow + 1h;
    failed.health = HealthChange{health, true};
    REQUIRE(record_one(store, failed));
    const std::string tripped = row_of(store, claimed->at(0).key).endpoint_id;
    CHECK(store.measure({.endpoint_id = tripped})->breaker_trips == 1);
    CHECK(store.measure({})->breaker_trips == 1);

    const auto more = store.claim_due(kNow + 5s, 10, 60s);
    std::size_t behind = 0;
    for (const ClaimedDelivery& one : *more) {
      if (one.endpoint_id != tripped) continue;
      const PutBack back{one.key, one.token, kNow + 5min, true};
      REQUIRE(store.put_back({&back, 1}, kNow));
      ++behind;
    }
    REQUIRE(behind > 0);
    const auto seen = store.measure({.endpoint_id = tripped});
    CHECK(seen->backlog == seen->deliveries.pending);
  }
}

}  // namespace

void check_metrics(const MakeStore& make) {
  const auto store = make();
  SECTION("an empty store has nothing to tell") {
    const auto nothing = store->measure({.since = kNow});
    CHECK(nothing->messages == 0);
    CHECK(nothing->backlog == 0);
    CHECK_FALSE(nothing->oldest_pending_at);
  }
  fill(*store);
  check_window(*store);
  check_owners(*store);
  check_ends(*store);
  check_trips(*store);
}

}  // namespace webhookcore::conformance
