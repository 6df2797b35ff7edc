// What a store does about a wall clock that was set (reliability.md F16).
#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

std::int64_t send(Store& store, const std::string& id) { return send_one(store, message(id)); }

void fail_until(Store& store, TimePoint next) {
  AttemptRecord failed = record(claim_one(store), DeliverySignal::retry_scheduled);
  failed.next_attempt_at = next;
  REQUIRE(record_one(store, failed));
}

void check_going_ahead(Store& store) {
  const auto key = send(store, "msg_1");
  const auto claimed = claim_one(store);

  SECTION("a lease that the clock ran over is extended, and then runs out at its time") {
    REQUIRE(store.extend_leases(2h));
    CHECK(*store.reap_deliveries(kNow + 2h + 59s) == 0);
    CHECK(row_of(store, key).state == DeliveryState::in_flight);
    CHECK(*store.reap_deliveries(kNow + 2h + 60s) == 1);
  }
  SECTION("an extended claim is recorded as ever") {
    REQUIRE(store.extend_leases(24h * 3652));
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded), kNow + 24h * 3652));
    CHECK(row_of(store, key).state == DeliveryState::delivered);
  }
}

void check_going_back(Store& store) {
  const TimePoint back = GENERATE(kNow - 1h, from_unix_ms(5000));
  const auto retried = send(store, "msg_1");
  fail_until(store, kNow + 5s);
  const auto fresh = send(store, "msg_2");

  SECTION("what waits does so for its own time, and no longer for what the clock went back") {
    CHECK(*store.restart_waits(back) == 2);
    CHECK(row_of(store, fresh).next_attempt_at == back);
    CHECK(row_of(store, retried).next_attempt_at == back + 5s);
    CHECK(*store.next_due_at() == back);
    CHECK(claim_one(store, back).key == fresh);
    CHECK(claim_one(store, back + 5s).key == retried);
  }
  SECTION("the second time there is nothing to do") {
    REQUIRE(*store.restart_waits(back) == 2);
    CHECK(*store.restart_waits(back) == 0);
    CHECK(row_of(store, retried).next_attempt_at == back + 5s);
  }
  SECTION("what is under way is left alone") {
    const auto claimed = claim_one(store);
    CHECK(*store.restart_waits(back) == 1);
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded), back));
  }
  SECTION("a deliver_at stays where the user wants it") {
    NewMessage later = message("msg_later");
    later.deliver_at = kNow + 3h;
    const auto key = send_one(store, later);
    CHECK(*store.restart_waits(back) == 2);
    CHECK(row_of(store, key).next_attempt_at == kNow + 3h);
  }
  SECTION("what is held waits no longer either, once it may go") {
    Endpoint changed = endpoint("ep_1");
    changed.state = EndpointState::disabled;
    REQUIRE(overwrite(store, changed));
    CHECK(*store.restart_waits(back) == 2);
    changed.state = EndpointState::enabled;
    REQUIRE(overwrite(store, changed));
    CHECK(claim_one(store, back).key == fresh);
  }
  SECTION("what waits behind a breaker is shown due at its new time, and goes when it may") {
    EndpointHealth open;
    open.breaker = {.failures_in_a_row = 5, .open_until = kNow + 5min, .probing = true, .trips = 1};
    const auto tripping = claim_one(store);
    AttemptRecord failed = record(tripping, DeliverySignal::retry_scheduled);
    failed.next_attempt_at = kNow + 20min;
    failed.health = HealthChange{open, true};
    REQUIRE(record_one(store, failed));
    const auto waiting = send(store, "msg_3");
    const auto claimed = claim_one(store);
    REQUIRE(claimed.key == waiting);
    const PutBack put{claimed.key, claimed.token, kNow + 1s + 5min, true};
    REQUIRE(store.put_back({&put, 1}, kNow + 1s));

    CHECK(*store.restart_waits(back) == 3);
    CHECK(row_of(store, waiting).next_attempt_at == back + 5min);
    // Held behind it all the same.
    CHECK(claim_one(store, back + 5min).key == retried);
    CHECK(store.claim_due(back + 5min, 10, 60s)->empty());
    CHECK(store.release_probes(300s, back + 10min)->released == 1);
    CHECK(claim_one(store, back + 10min).key == waiting);
  }
  SECTION("a line keeps its order over it") {
    Endpoint changed = endpoint("ep_1");
    changed.fifo = true;
    REQUIRE(overwrite(store, changed));
    CHECK(*store.restart_waits(back) == 2);
    CHECK(store.claim_due(back, 10, 60s)->empty());
    const auto first = claim_one(store, back + 5s);
    CHECK(first.key == retried);
    REQUIRE(record_one(store, record(first, DeliverySignal::succeeded), back + 5s));
    CHECK(claim_one(store, back + 5s).key == fresh);
  }
}

}  // namespace

void check_clock_jumps(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  SECTION("ahead") { check_going_ahead(*store); }
  SECTION("back") { check_going_back(*store); }
  SECTION("a clock that went on changes nothing") {
    send(*store, "msg_1");
    CHECK(*store->restart_waits(kNow) == 0);
    CHECK(*store->restart_waits(kNow + 2h) == 0);
  }
  SECTION("that it was set back is known by the newest message") {
    CHECK_FALSE(*store->knows_later_than(from_unix_ms(0)));
    send(*store, "msg_1");
    CHECK(*store->knows_later_than(kNow - 1ms));
    CHECK_FALSE(*store->knows_later_than(kNow));
  }
  SECTION("or by the time that was noted, of which the last one counts") {
    REQUIRE(store->note_time(kNow + 1h));
    CHECK(*store->knows_later_than(kNow + 1h - 1ms));
    CHECK_FALSE(*store->knows_later_than(kNow + 1h));
    REQUIRE(store->note_time(kNow));
    CHECK_FALSE(*store->knows_later_than(kNow));
  }
}

}  // namespace webhookcore::conformance
