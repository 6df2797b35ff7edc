#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

OperationalEvent told(const std::string& type, TimePoint at, const std::string& subject = "") {
  OperationalEvent event;
  event.type = type;
  event.subject = subject;
  event.at = at;
  return event;
}

std::vector<OperationalEvent> all(Store& store, const OperationalFilter& filter = {}) {
  auto events = store.list_operational_events(filter);
  REQUIRE(events);
  return std::move(*events);
}

void check_causes(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_1", {"*"}, "acme")));
  NewMessage sent = message("msg_1");
  sent.message.tenant = "acme";
  REQUIRE(enqueue(store, sent));
  const auto claimed = store.claim_due(kNow, 1, 60s)->front();

  SECTION("a dead letter is told with what it was") {
    AttemptRecord dead = record(claimed, DeliverySignal::schedule_spent);
    REQUIRE(record_one(store, dead, kNow + 1s));
    const auto events = all(store);
    REQUIRE(events.size() == 1);
    CHECK(events[0].type == "delivery.dead");
    CHECK(events[0].endpoint_id == "ep_1");
    CHECK(events[0].tenant == "acme");
    CHECK(events[0].delivery == claimed.key);
    CHECK(events[0].at == kNow + 1s);
    CHECK(events[0].details ==
          R"({"message_id":"msg_1","message_type":"order.created","error":"transient",)"
          R"("attempts":1,"status":500})");
  }
  SECTION("one that killed its workers too") {
    TimePoint now = kNow;
    for (int i = 0; i < kMaxReaps; ++i) {
      CHECK(all(store).empty());
      now += 61s;
      REQUIRE(*store.reap_deliveries(now) == 1);
      if (i + 1 < kMaxReaps) REQUIRE(store.claim_due(now, 1, 60s)->size() == 1);
    }
    REQUIRE(all(store).size() == 1);
    CHECK(all(store)[0].details.find("crash_loop") != std::string::npos);
  }
  SECTION("a disabled endpoint is told with the reason, whoever did it") {
    AttemptRecord gone = record(claimed, DeliverySignal::failed_for_good);
    gone.disable_reason = "failing";
    gone.health = HealthChange{{.failing_since = kNow - 120h}};
    REQUIRE(record_one(store, gone));
    auto events = all(store, {.type = "endpoint.*"});
    REQUIRE(events.size() == 1);
    CHECK(events[0].type == "endpoint.disabled");
    CHECK(events[0].details == R"({"reason":"failing","failing_since":1699568000000})");

    Endpoint row = **store.get_endpoint("ep_1");
    CHECK(row.state == EndpointState::disabled);
    row.state = EndpointState::enabled;
    REQUIRE(overwrite(store, row));
    row.state = EndpointState::disabled;
    row.disabled_reason = R"(by "hand")";
    REQUIRE(overwrite(store, row));
    events = all(store, {.type = "endpoint.*"});
    REQUIRE(events.size() == 2);
    CHECK(events[0].details == R"({"reason":"by \"hand\""})");
  }
  SECTION("a refused record tells nothing") {
    AttemptRecord stale = record(claimed, DeliverySignal::schedule_spent);
    stale.token = {"another"};
    CHECK_FALSE(record_one(store, stale));
    CHECK(all(store).empty());
  }
}

void check_sameness(Store& store) {
  SECTION("what happens again within the quiet period is counted, later it is told again") {
    REQUIRE(store.add_operational_event(told("backlog.old", kNow)));
    REQUIRE(store.add_operational_event(told("backlog.old", kNow + 1h - 1ms)));
    REQUIRE(store.add_operational_event(told("backlog.old", kNow + 59min)));
    auto events = all(store);
    REQUIRE(events.size() == 1);
    CHECK(events[0].repeats == 2);
    CHECK(events[0].at == kNow);
    CHECK(events[0].last_at == kNow + 59min);
    REQUIRE(store.add_operational_event(told("backlog.old", kNow + 1h)));
    events = all(store);
    REQUIRE(events.size() == 2);
    CHECK(events[0].repeats == 0);
    // A clock that was set back keeps quiet for no longer.
    REQUIRE(store.add_operational_event(told("backlog.old", kNow - 24h)));
    CHECK(all(store).size() == 3);
  }
  SECTION("another endpoint, tenant or subject is another event") {
    OperationalEvent other = told("endpoint.failing", kNow);
    for (const char* id : {"ep_1", "ep_2"}) {
      other.endpoint_id = id;
      REQUIRE(store.add_operational_event(other));
    }
    other.tenant = "";
    REQUIRE(store.add_operational_event(other));
    other.subject = "other";
    REQUIRE(store.add_operational_event(other));
    CHECK(all(store).size() == 4);
  }
  SECTION("a change of state is news each time") {
    REQUIRE(store.add_operational_event(told("endpoint.disabled", kNow)));
    REQUIRE(store.add_operational_event(told("endpoint.disabled", kNow)));
    CHECK(all(store).size() == 2);
  }
}

void check_listing(Store& store) {
  for (int i = 0; i < 5; ++i) {
    OperationalEvent event =
        told(i % 2 == 0 ? "store.quota" : "backlog.old", kNow + i * 1s, std::to_string(i));
    event.endpoint_id = i < 3 ? "ep_1" : "";
    if (i == 4) event.tenant = "acme";
    REQUIRE(store.add_operational_event(event));
  }
  CHECK(all(store).size() == 5);
  CHECK(all(store)[0].subject == "4");  // Newest first.
  CHECK(all(store, {.type = "store.*"}).size() == 3);
  CHECK(all(store, {.type = "backlog.old"}).size() == 2);
  CHECK(all(store, {.endpoint_id = "ep_1"}).size() == 3);
  CHECK(all(store, {.tenant = std::optional<std::string>("acme")}).size() == 1);
  CHECK(all(store, {.tenant = std::optional<std::string>()}).size() == 4);
  CHECK(all(store, {.since = kNow + 3s}).size() == 2);
  const auto page = all(store, {.limit = 2});
  REQUIRE(page.size() == 2);
  CHECK(all(store, {.before_key = page[1].key}).size() == 3);
  // The limit counts what matches.
  CHECK(all(store, {.type = "backlog.*", .limit = 2}).size() == 2);
}

void check_readers(Store& store) {
  REQUIRE(store.add_operational_event(told("a.one", kNow)));
  SECTION("a reader gets what it has not read, oldest first, until it says how far it came") {
    REQUIRE(store.add_operational_event(told("a.two", kNow)));
    auto unread = *store.unread_operational_events("log", 10);
    REQUIRE(unread.size() == 2);
    CHECK(unread[0].type == "a.one");
    CHECK(store.unread_operational_events("log", 1)->size() == 1);
    REQUIRE(store.advance_operational_reader("log", unread[0].key));
    unread = *store.unread_operational_events("log", 10);
    REQUIRE(unread.size() == 1);
    CHECK(unread[0].type == "a.two");
    REQUIRE(store.advance_operational_reader("log", unread[0].key));
    REQUIRE(store.advance_operational_reader("log", unread[0].key - 1));  // Never back.
    CHECK(store.unread_operational_events("log", 10)->empty());
    CHECK(store.unread_operational_events("other", 10)->size() == 2);
  }
  SECTION("one that was started begins with what comes, and goes on where it was") {
    REQUIRE(store.start_operational_reader("hooks"));
    CHECK(store.unread_operational_events("hooks", 10)->empty());
    REQUIRE(store.add_operational_event(told("a.two", kNow)));
    REQUIRE(store.start_operational_reader("hooks"));
    CHECK(store.unread_operational_events("hooks", 10)->size() == 1);
  }
  SECTION("what is pruned is gone, and its key does not come again") {
    REQUIRE(store.add_operational_event(told("a.two", kNow + 1s)));
    REQUIRE(store.advance_operational_reader("log", all(store)[0].key));
    CHECK(*store.prune_operational_events(kNow + 1s, 10) == 1);
    CHECK(*store.prune_operational_events(kNow + 1h, 10) == 1);
    CHECK(all(store).empty());
    REQUIRE(store.add_operational_event(told("a.three", kNow)));
    CHECK(store.unread_operational_events("log", 10)->size() == 1);
  }
}

void check_traffic(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_1", {"*"}, "acme")));
  for (int i = 0; i < 20; ++i) {
    NewMessage sent = message("msg_" + std::to_string(100 + i));
    sent.message.tenant = "acme";
    sent.message.created_at = kNow + i * 1min;
    REQUIRE(enqueue(store, sent, kNow + i * 1min));
    const auto claimed = store.claim_due(kNow + i * 1min, 1, 60s)->front();
    const auto signal = i % 4 == 0 ? DeliverySignal::succeeded : DeliverySignal::failed_for_good;
    REQUIRE(record_one(store, record(claimed, signal), kNow + i * 1min));
  }
  SECTION("attempts and failures of what was made since then") {
    const auto traffic = *store.recent_traffic(kNow + 8min, 1000);
    REQUIRE(traffic.size() == 1);
    CHECK(traffic[0].endpoint_id == "ep_1");
    CHECK(traffic[0].tenant == "acme");
    CHECK(traffic[0].attempts == 12);
    CHECK(traffic[0].failed == 9);
    CHECK(store.recent_traffic(kNow, 1000)->front().attempts == 20);
    CHECK(store.recent_traffic(kNow, 4)->front().attempts == 4);
    CHECK(store.recent_traffic(kNow + 1h, 1000)->empty());
  }
  SECTION("a volume is the difference of two moments") {
    CHECK_FALSE(*store.volume_until(kNow));
    const auto first = **store.volume_until(kNow + 5min);
    CHECK(**store.volume_until(kNow + 15min) - first == 20);  // 10 messages, 10 deliveries.
    CHECK(**store.volume_until(kNow + 24h) - first == 30);
  }
}

}  // namespace

void check_operations(const MakeStore& make) {
  const auto store = make();
  SECTION("causes") { check_causes(*store); }
  SECTION("sameness") { check_sameness(*store); }
  SECTION("listing") { check_listing(*store); }
  SECTION("readers") { check_readers(*store); }
  SECTION("traffic") { check_traffic(*store); }
  SECTION("an empty store has neither traffic nor volume") {
    CHECK(store->recent_traffic(kNow, 10)->empty());
    CHECK_FALSE(*store->volume_until(kNow));
  }
}

}  // namespace webhookcore::conformance
