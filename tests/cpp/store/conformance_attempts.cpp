#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

Attempt full_attempt() {
  Attempt made;
  made.started_at = kNow + 1ms;
  made.duration = 250ms;
  made.url = "https://example.com/ep_1";
  made.dialled_address = "[2001:db8::1]:443";
  made.status = 503;
  made.outcome = Outcome::throttled;
  made.error_text = "busy";
  made.phases = {1ms, 2ms, std::nullopt, 0ms};
  made.response_headers = {{"retry-after", "5"}, {"x", std::string("\xff\0", 2)}};
  made.response_body = std::string("\0no\xff", 4);
  made.trigger = "send";
  return made;
}

void check_log(Store& store, std::int64_t key) {
  SECTION("an attempt comes back as it was recorded") {
    AttemptRecord made =
        record(store.claim_due(kNow, 1, 60s)->front(), DeliverySignal::retry_scheduled);
    made.attempt = full_attempt();
    made.next_attempt_at = kNow + 5s;
    REQUIRE(record_one(store, made));
    const auto attempts = store.list_attempts(key);
    REQUIRE(attempts->size() == 1);
    const Attempt& read = attempts->front();
    CHECK(read.number == 1);
    CHECK(read.started_at == made.attempt.started_at);
    CHECK(read.duration == 250ms);
    CHECK(read.url == made.attempt.url);
    CHECK(read.dialled_address == made.attempt.dialled_address);
    CHECK(read.status == 503);
    CHECK(read.outcome == Outcome::throttled);
    CHECK(read.error == TransportError::none);
    CHECK(read.error_text == "busy");
    CHECK(read.phases.dns == 1ms);
    CHECK_FALSE(read.phases.tls);
    CHECK(read.phases.first_byte == 0ms);
    REQUIRE(read.response_headers.size() == 2);
    CHECK(read.response_headers[1].value == made.attempt.response_headers[1].value);
    CHECK(read.response_body == made.attempt.response_body);
    CHECK(read.trigger == "send");
  }
  SECTION("every outcome and every error can be stored") {
    for (int error = 0; error <= static_cast<int>(TransportError::not_signed); ++error) {
      AttemptRecord made =
          record(store.claim_due(kNow, 1, 60s)->front(), DeliverySignal::retry_scheduled);
      made.attempt.error = static_cast<TransportError>(error);
      made.attempt.outcome = static_cast<Outcome>(error % 5);
      REQUIRE(record_one(store, made));
      const auto last = store.list_attempts(key)->back();
      CHECK(last.error == made.attempt.error);
      CHECK(last.outcome == made.attempt.outcome);
      CHECK(last.number == error + 1);
    }
  }
}

void check_states(Store& store, std::int64_t key) {
  const auto claimed = store.claim_due(kNow, 1, 60s)->front();

  SECTION("a success delivers") {
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded), kNow + 1s));
    const auto row = **store.get_delivery(key);
    CHECK(row.state == DeliveryState::delivered);
    CHECK(row.attempts == 1);
    CHECK(row.budget_used == 0);
    CHECK(row.last_status == 200);
    CHECK(row.last_error.empty());
    CHECK(row.updated_at == kNow + 1s);
    CHECK_FALSE(*store.next_due_at());
  }
  SECTION("a failure with schedule left waits for its time") {
    AttemptRecord failed = record(claimed, DeliverySignal::retry_scheduled);
    failed.attempt.status = std::nullopt;
    failed.attempt.error = TransportError::timeout;
    failed.next_attempt_at = kNow + 5s;
    REQUIRE(record_one(store, failed));
    const auto row = **store.get_delivery(key);
    CHECK(row.state == DeliveryState::pending);
    CHECK(row.next_attempt_at == kNow + 5s);
    CHECK(row.attempts == 1);
    CHECK(row.budget_used == 1);
    CHECK(row.last_error == "timeout");
    CHECK_FALSE(row.last_status);
    CHECK(store.claim_due(kNow + 4s, 1, 60s)->empty());
    const auto again = store.claim_due(kNow + 5s, 1, 60s)->front();
    CHECK(again.trigger == "retry");
    CHECK(again.attempts == 1);
    CHECK(again.budget_used == 1);
  }
  SECTION("a failure for good is a dead letter that says why") {
    AttemptRecord failed = record(claimed, DeliverySignal::failed_for_good);
    failed.attempt.status = 400;
    failed.attempt.outcome = Outcome::permanent;
    REQUIRE(record_one(store, failed));
    const auto row = **store.get_delivery(key);
    CHECK(row.state == DeliveryState::dead);
    CHECK(row.last_error == "permanent");
    CHECK(row.last_status == 400);
  }
  SECTION("gone disables the endpoint and holds what waits for it") {
    REQUIRE(enqueue(store, message("msg_2")));
    const auto version = *store.endpoints_version();
    AttemptRecord gone = record(claimed, DeliverySignal::failed_for_good);
    gone.attempt.outcome = Outcome::gone;
    gone.disable_reason = "gone";
    REQUIRE(record_one(store, gone, kNow + 1s));
    const auto row = **store.get_endpoint("ep_1");
    CHECK(row.state == EndpointState::disabled);
    CHECK(row.disabled_reason == "gone");
    CHECK(row.updated_at == kNow + 1s);
    CHECK(*store.endpoints_version() != version);
    CHECK(store.claim_due(kNow + 1h, 10, 60s)->empty());
    CHECK(enqueue(store, message("msg_3"))->deliveries.empty());
  }
  SECTION("gone says nothing of an endpoint that has moved since, or was enabled again") {
    AttemptRecord gone = record(claimed, DeliverySignal::failed_for_good);
    gone.attempt.outcome = Outcome::gone;
    gone.disable_reason = "gone";
    Endpoint row = **store.get_endpoint("ep_1");
    SECTION("moved") {
      row.url = "https://example.com/new";
      REQUIRE(overwrite(store, row));
    }
    SECTION("enabled again") {
      gone.health = HealthChange{};
      row.state = EndpointState::disabled;
      REQUIRE(overwrite(store, row));
      row.state = EndpointState::enabled;
      REQUIRE(overwrite(store, row));
    }
    REQUIRE(record_one(store, gone, kNow + 1s));
    CHECK((**store.get_endpoint("ep_1")).state == EndpointState::enabled);
    CHECK((**store.get_delivery(claimed.key)).state == DeliveryState::dead);
  }
  SECTION("a stale token changes nothing and fails alone") {
    REQUIRE(enqueue(store, message("msg_2")));
    const auto other = store.claim_due(kNow, 1, 60s)->front();
    std::vector<AttemptRecord> records{record(claimed, DeliverySignal::succeeded),
                                       record(other, DeliverySignal::succeeded),
                                       record(other, DeliverySignal::succeeded)};
    records[0].token.value = other.token.value;  // Another claim's.
    const auto results = store.record_attempts(records, kNow);
    REQUIRE(results.size() == 3);
    CHECK(results[0].error().code == ErrorCode::lease_lost);
    CHECK(results[1]);
    CHECK(results[2].error().code == ErrorCode::lease_lost);
    CHECK((**store.get_delivery(key)).state == DeliveryState::in_flight);
    CHECK(store.list_attempts(key)->empty());
    CHECK(store.list_attempts(other.key)->size() == 1);
  }
  SECTION("an empty token is no token") {
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded)));
    AttemptRecord forged = record(claimed, DeliverySignal::succeeded);
    forged.token = {};
    CHECK(record_one(store, forged).error().code == ErrorCode::lease_lost);
    forged.delivery = 999;
    CHECK(record_one(store, forged).error().code == ErrorCode::lease_lost);
  }
  SECTION("a signal that ends no attempt is refused") {
    CHECK(record_one(store, record(claimed, DeliverySignal::put_back)).error().code ==
          ErrorCode::config);
    CHECK(record_one(store, record(claimed, DeliverySignal::claimed)).error().code ==
          ErrorCode::config);
    CHECK((**store.get_delivery(key)).state == DeliveryState::in_flight);
  }
}

}  // namespace

void check_attempts(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  const auto sent = enqueue(*store, message("msg_1"));
  REQUIRE(sent);
  const std::int64_t key = sent->deliveries.front();
  SECTION("the log") { check_log(*store, key); }
  SECTION("the states") { check_states(*store, key); }
}

}  // namespace webhookcore::conformance
