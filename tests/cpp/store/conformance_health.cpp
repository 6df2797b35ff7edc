#include <algorithm>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

constexpr Duration kOpenFor = 300s;

EndpointHealth open_until(TimePoint until, std::int64_t epoch = 0) {
  EndpointHealth health;
  health.breaker = {.failures_in_a_row = 5, .open_until = until, .probing = true, .trips = 1};
  health.failing_since = kNow - 1h;
  health.last_failure_at = kNow;
  health.epoch = epoch;
  return health;
}

EndpointHealth well(std::int64_t epoch = 0) {
  EndpointHealth health;
  health.breaker.trips = 1;
  health.recovered_at = kNow + 1h;
  health.epoch = epoch;
  return health;
}

AttemptRecord failed_with(const ClaimedDelivery& claimed, HealthChange change) {
  AttemptRecord made = record(claimed, DeliverySignal::retry_scheduled);
  made.next_attempt_at = kNow + 24h;
  made.health = change;
  return made;
}

ClaimedDelivery send_and_claim(Store& store, const std::string& id, TimePoint now = kNow,
                               std::optional<TimePoint> expires_at = {}) {
  NewMessage sent = message(id);
  sent.message.expires_at = expires_at;
  REQUIRE(enqueue(store, sent, now));
  return store.claim_due(now, 1, 60s)->front();
}

// One delivery that tripped the breaker, and `count` that wait behind it.
std::vector<std::int64_t> wait_behind(Store& store, int count,
                                      std::optional<TimePoint> expires_at = {}) {
  REQUIRE(record_one(
      store, failed_with(send_and_claim(store, "msg_trip"), {open_until(kNow + kOpenFor), true})));
  std::vector<std::int64_t> waiting;
  for (int i = 0; i < count; ++i) {
    const auto claimed = send_and_claim(store, "msg_wait_" + std::to_string(i), kNow, expires_at);
    const PutBack back{claimed.key, claimed.token, kNow + kOpenFor, true};
    REQUIRE(store.put_back({&back, 1}, kNow));
    waiting.push_back(claimed.key);
  }
  return waiting;
}

std::vector<std::string> types_of(Store& store) {
  std::vector<std::string> types;
  const auto events = store.list_operational_events({});
  for (const OperationalEvent& event : *events) types.push_back(event.type);
  std::reverse(types.begin(), types.end());
  return types;
}

void check_row(Store& store) {
  SECTION("an endpoint that never failed has no health to speak of") {
    CHECK_FALSE(*store.get_endpoint_health("ep_1"));
    CHECK_FALSE(*store.get_endpoint_health("ep_none"));
    REQUIRE(record_one(store, record(send_and_claim(store, "msg_1"), DeliverySignal::succeeded)));
    CHECK_FALSE(*store.get_endpoint_health("ep_1"));
  }
  SECTION("it comes back as an attempt left it, but for the probe") {
    const auto claimed = send_and_claim(store, "msg_1");
    REQUIRE(record_one(store, failed_with(claimed, {open_until(kNow + kOpenFor), true})));
    const auto health = **store.get_endpoint_health("ep_1");
    CHECK(health.breaker.failures_in_a_row == 5);
    CHECK(health.breaker.open_until == kNow + kOpenFor);
    CHECK(health.breaker.trips == 1);
    CHECK_FALSE(health.breaker.probing);
    CHECK(health.failing_since == kNow - 1h);
    CHECK(health.last_failure_at == kNow);
    CHECK_FALSE(health.recovered_at);
  }
  SECTION("an attempt whose claim was taken over still says how the endpoint is") {
    AttemptRecord late =
        failed_with(send_and_claim(store, "msg_1"), {open_until(kNow + kOpenFor), true});
    late.token = {"another"};
    CHECK(record_one(store, late).error().code == ErrorCode::lease_lost);
    CHECK((**store.get_endpoint_health("ep_1")).breaker.trips == 1);
    CHECK(types_of(store) == std::vector<std::string>{operational::kOpened});
  }
  SECTION("enabling begins anew, keeps the trips, and what is older changes nothing any more") {
    const auto claimed = send_and_claim(store, "msg_1");
    const auto late = send_and_claim(store, "msg_2");
    REQUIRE(record_one(store, failed_with(claimed, {open_until(kNow + kOpenFor), true})));
    Endpoint row = **store.get_endpoint("ep_1");
    row.state = EndpointState::disabled;
    row.disabled_reason = "by hand";
    REQUIRE(overwrite(store, row, kNow + 1s));
    row.state = EndpointState::enabled;
    REQUIRE(overwrite(store, row, kNow + 2s));
    const auto health = **store.get_endpoint_health("ep_1");
    CHECK_FALSE(health.breaker.open_until);
    CHECK(health.breaker.failures_in_a_row == 0);
    CHECK(health.breaker.trips == 1);
    CHECK_FALSE(health.failing_since);
    CHECK(health.epoch == 1);

    const auto told = types_of(store);
    REQUIRE(record_one(store, failed_with(late, {open_until(kNow + kOpenFor), false, true})));
    CHECK_FALSE((**store.get_endpoint_health("ep_1")).breaker.open_until);
    CHECK(types_of(store) == told);
  }
  SECTION("a deleted endpoint has none") {
    REQUIRE(record_one(
        store, failed_with(send_and_claim(store, "msg_1"), {open_until(kNow + kOpenFor), true})));
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    CHECK_FALSE(*store.get_endpoint_health("ep_1"));
  }
}

void check_waiting(Store& store) {
  SECTION("what waits behind a breaker is pending and not due, whatever the time") {
    const auto waiting = wait_behind(store, 3);
    CHECK(store.claim_due(kNow + 23h, 10, 60s)->empty());
    CHECK(*store.next_due_at() == kNow + 24h);
    const auto row = **store.get_delivery(waiting[0]);
    CHECK(row.state == DeliveryState::pending);
    CHECK(row.attempts == 0);
    CHECK(row.next_attempt_at == kNow + kOpenFor);
  }
  SECTION("a put-back that comes after the breaker closed is an ordinary one") {
    const auto late = send_and_claim(store, "msg_late");
    const PutBack back{late.key, late.token, kNow + 1s, true};
    REQUIRE(store.put_back({&back, 1}, kNow));
    CHECK(store.claim_due(kNow + 1s, 10, 60s)->size() == 1);
  }
  SECTION("one at a time is let out to probe, the longest waiting first") {
    const auto waiting = wait_behind(store, 3);
    auto probes = store.release_probes(kOpenFor, kNow + kOpenFor - 1ms);
    REQUIRE(probes);
    CHECK(probes->released == 0);
    CHECK(probes->next_at == kNow + kOpenFor);

    const TimePoint then = kNow + kOpenFor;
    probes = store.release_probes(kOpenFor, then);
    CHECK(probes->released == 1);
    CHECK(probes->next_at == then + kProbePatience);
    CHECK(store.release_probes(kOpenFor, then)->released == 0);
    const auto claimed = store.claim_due(then, 10, 60s);
    REQUIRE(claimed->size() == 1);
    CHECK(claimed->front().key == waiting[0]);
    // Nothing came of it: somebody cancelled it, or its worker died.
    CHECK(store.release_probes(kOpenFor, then + kProbePatience)->released == 1);
  }
  SECTION("what has expired is no probe, and is cancelled by the sweep") {
    const auto expired = wait_behind(store, 1, kNow + 1s).front();
    const auto waiting = send_and_claim(store, "msg_lasting");
    const PutBack back{waiting.key, waiting.token, kNow + kOpenFor, true};
    REQUIRE(store.put_back({&back, 1}, kNow));
    const TimePoint then = kNow + kOpenFor;
    CHECK(store.release_probes(kOpenFor, then)->released == 1);
    const auto claimed = store.claim_due(then, 10, 60s);
    REQUIRE(claimed->size() == 1);
    CHECK(claimed->front().key == waiting.key);
    CHECK_FALSE(store.release_probes(kOpenFor, then)->next_at);
    CHECK(row_of(store, expired).state == DeliveryState::pending);
    REQUIRE(store.reap_deliveries(then));
    CHECK(row_of(store, expired).state == DeliveryState::cancelled);
    CHECK(row_of(store, expired).last_error == "expired");
  }
  SECTION("what expires while its endpoint is disabled is cancelled by the sweep, at its time") {
    NewMessage lapsing = message("msg_1");
    lapsing.message.expires_at = kNow + 1min;
    const auto key = send_one(store, lapsing);
    Endpoint row = **store.get_endpoint("ep_1");
    row.state = EndpointState::disabled;
    REQUIRE(overwrite(store, row));
    REQUIRE(store.reap_deliveries(kNow + 1min - 1ms));
    CHECK(row_of(store, key).state == DeliveryState::pending);
    CHECK(*store.reap_deliveries(kNow + 1min) == 0);
    CHECK(row_of(store, key).state == DeliveryState::cancelled);
  }
  SECTION("what expires in a line is cancelled by the sweep, and the line goes on") {
    Endpoint row = **store.get_endpoint("ep_1");
    row.fifo = true;
    REQUIRE(overwrite(store, row));
    const auto first = send_one(store, message("msg_1"));
    NewMessage lapsing = message("msg_2");
    lapsing.message.expires_at = kNow + 1s;
    const auto second = send_one(store, lapsing);
    const auto third = send_one(store, message("msg_3"));
    const auto claimed = claim_one(store);
    CHECK(claimed.key == first);
    REQUIRE(store.reap_deliveries(kNow + 1s));
    CHECK(row_of(store, second).state == DeliveryState::cancelled);
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded)));
    CHECK(claim_one(store).key == third);
  }
  SECTION("a clock that was set back lets the probe out when it would have come anyway") {
    wait_behind(store, 1);
    CHECK(store.release_probes(kOpenFor, kNow - 24h)->released == 1);
  }
  SECTION("the endpoint's own time counts") {
    Endpoint row = **store.get_endpoint("ep_1");
    row.breaker_open_for = 2h;
    REQUIRE(overwrite(store, row));
    wait_behind(store, 1);
    // Set back by less than the endpoint's own time: not out of reach.
    CHECK(store.release_probes(kOpenFor, kNow - 1h)->released == 0);
  }
  SECTION("nothing is let out of a disabled endpoint") {
    wait_behind(store, 1);
    Endpoint row = **store.get_endpoint("ep_1");
    row.state = EndpointState::disabled;
    REQUIRE(overwrite(store, row));
    const auto probes = store.release_probes(kOpenFor, kNow + 1h);
    CHECK(probes->released == 0);
    CHECK_FALSE(probes->next_at);
    row.state = EndpointState::enabled;
    REQUIRE(overwrite(store, row));
    CHECK(store.claim_due(kNow + 1h, 10, 60s)->size() == 1);
  }
  SECTION("enabling lets a line go on that waited for the breaker, and no retry before its time") {
    Endpoint row = **store.get_endpoint("ep_1");
    row.fifo = true;
    REQUIRE(overwrite(store, row));
    const auto head = send_and_claim(store, "msg_1");
    REQUIRE(enqueue(store, message("msg_2"), kNow));
    const bool by_breaker = GENERATE(true, false);
    if (by_breaker) {
      AttemptRecord failed = failed_with(head, {open_until(kNow + kOpenFor), true});
      failed.next_attempt_at = kNow;
      REQUIRE(record_one(store, failed));
      const auto again = store.claim_due(kNow, 1, 60s)->front();
      const PutBack back{again.key, again.token, kNow + kOpenFor, true};
      REQUIRE(store.put_back({&back, 1}, kNow));
    } else {
      REQUIRE(record_one(store, failed_with(head, {open_until(kNow + kOpenFor), true})));
    }
    for (const auto state : {EndpointState::disabled, EndpointState::enabled}) {
      row = **store.get_endpoint("ep_1");
      row.state = state;
      REQUIRE(overwrite(store, row, kNow + 1s));
    }
    CHECK(store.claim_due(kNow + 1s, 10, 60s)->size() == (by_breaker ? 1 : 0));
    CHECK(store.next_due_at()->has_value() == !by_breaker);
  }
  SECTION("an endpoint that is switched to an order makes a line of what waits behind it") {
    const auto waiting = wait_behind(store, 3);
    Endpoint row = **store.get_endpoint("ep_1");
    const bool while_disabled = GENERATE(false, true);
    if (while_disabled) {
      row.state = EndpointState::disabled;
      REQUIRE(overwrite(store, row));
    }
    row.fifo = true;
    REQUIRE(overwrite(store, row));
    if (while_disabled) {
      CHECK(store.claim_due(kNow + 48h, 10, 60s)->empty());
      row.state = EndpointState::enabled;
      REQUIRE(overwrite(store, row));
    }
    // The one that tripped the breaker was sent first.
    CHECK(store.claim_due(kNow + 23h, 10, 60s)->empty());
    const TimePoint then = kNow + 48h;
    const auto first = store.claim_due(then, 10, 60s);
    REQUIRE(first->size() == 1);
    CHECK(first->front().message.id == "msg_trip");
    REQUIRE(record_one(store, record(first->front(), DeliverySignal::succeeded), then));
    for (const std::int64_t key : waiting) {
      const auto next = store.claim_due(then, 10, 60s);
      REQUIRE(next->size() == 1);
      CHECK(next->front().key == key);
      REQUIRE(record_one(store, record(next->front(), DeliverySignal::succeeded), then));
    }
  }
  SECTION("a breaker that closes lets everything out, spread") {
    const auto waiting = wait_behind(store, 100);
    const TimePoint then = kNow + kOpenFor;
    CHECK(store.release_probes(kOpenFor, then)->released == 1);
    AttemptRecord probe = record(store.claim_due(then, 1, 60s)->front(), DeliverySignal::succeeded);
    probe.health = HealthChange{well(), false, true};
    REQUIRE(record_one(store, probe, then));
    CHECK_FALSE(store.release_probes(kOpenFor, then)->next_at);
    const std::size_t first_half = store.claim_due(then + 500ms, 1000, 60s)->size();
    CHECK(first_half > 25);
    CHECK(first_half < 75);
    CHECK(first_half + store.claim_due(then + 1s, 1000, 60s)->size() == 99);
    CHECK(types_of(store) == std::vector<std::string>{operational::kOpened, operational::kClosed});
  }
  SECTION("deleting the endpoint cancels what waits, and one of it can be cancelled") {
    const auto waiting = wait_behind(store, 2);
    REQUIRE(store.cancel(waiting[1], kNow));
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    for (const auto key : waiting) {
      CHECK((**store.get_delivery(key)).state == DeliveryState::cancelled);
    }
  }
}

}  // namespace

void check_health(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  SECTION("the row") { check_row(*store); }
  SECTION("waiting") { check_waiting(*store); }
}

}  // namespace webhookcore::conformance
