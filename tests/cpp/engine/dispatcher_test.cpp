#include "webhookcore/engine/dispatcher.h"

#include <map>

#include "catch.h"
#include "engine/engine_tools.h"

using namespace webhookcore;
using namespace webhookcore::testing;

namespace {

// A dispatcher with a clock that the test moves by hand.
struct Bench {
  EngineOptions options{
      .max_in_flight = 8, .max_in_flight_per_endpoint = 2, .prefetch = 0, .breaker_failures = 3};
  SeededRandom random{1};
  Dispatcher dispatcher{options, random};
  Moment now{kStart, Duration{to_unix_ms(kStart)}};

  void advance(Duration by) { now = {now.wall + by, now.monotonic + by}; }
  Orders take(std::vector<ReadyDelivery> batch) {
    dispatcher.take(std::move(batch), now);
    return dispatcher.step(now);
  }
  Orders take(ReadyDelivery delivery) {
    std::vector<ReadyDelivery> batch;
    batch.push_back(std::move(delivery));
    return take(std::move(batch));
  }
  Orders finish(TransferResult result) {
    dispatcher.finish(std::move(result), now);
    return dispatcher.step(now);
  }
  // One delivery from claim to record.
  AttemptRecord attempt(ReadyDelivery delivery, TransferResult result) {
    const Orders started = take(std::move(delivery));
    REQUIRE(started.starts.size() == 1);
    result.id = started.starts[0].id;
    Orders ended = finish(std::move(result));
    REQUIRE(ended.attempts.size() == 1);
    return std::move(ended.attempts[0].record);
  }
  // The claim is as old as the moment.
  ReadyDelivery fresh(std::int64_t key, const std::shared_ptr<const PreparedEndpoint>& endpoint) {
    return make_delivery(key, endpoint, now.monotonic);
  }
};

std::shared_ptr<const PreparedEndpoint> prepared(Endpoint row = make_endpoint()) {
  return prepare_endpoint(std::move(row), kStart);
}

}  // namespace

TEST_CASE("a 2xx delivers") {
  Bench bench;
  const AttemptRecord record = bench.attempt(make_delivery(7, prepared()), answer(0, 204));
  CHECK(record.delivery == 7);
  CHECK(record.token.value == "token");
  CHECK(record.endpoint_id == "ep_1");
  CHECK(record.signal == DeliverySignal::succeeded);
  CHECK_FALSE(record.next_attempt_at);
  CHECK(record.attempt.status == 204);
  CHECK(record.attempt.outcome == Outcome::delivered);
  CHECK(record.attempt.started_at == kStart);
  CHECK(record.attempt.duration == 20ms);
  CHECK(record.attempt.url == "https://example.com/hook");
  CHECK(record.attempt.trigger == "send");
  CHECK(bench.dispatcher.in_flight() == 0);
}

TEST_CASE("a failed attempt is tried again exactly when the schedule says, then it is dead") {
  Bench bench;
  ReadyDelivery delivery = make_delivery(1, prepared());
  CHECK(bench.attempt(delivery, answer(0, 500)).next_attempt_at == kStart + 5s);
  delivery.claimed.budget_used = 1;
  const AttemptRecord second = bench.attempt(delivery, broken(0, TransportError::timeout));
  CHECK(second.signal == DeliverySignal::retry_scheduled);
  CHECK(second.next_attempt_at == kStart + 5min);
  delivery.claimed.budget_used = 2;
  const auto other = prepared(make_endpoint("ep_2"));  // The breaker of the first is open.
  delivery.endpoint = other;
  delivery.claimed.endpoint_id = "ep_2";
  CHECK(bench.attempt(delivery, answer(0, 500)).signal == DeliverySignal::schedule_spent);
}

TEST_CASE("a replay has a fresh budget, because the schedule counts since then") {
  Bench bench;
  ReadyDelivery delivery = make_delivery(1, prepared());
  delivery.claimed.attempts = 12;
  delivery.claimed.budget_used = 0;
  delivery.claimed.trigger = "replay";
  const AttemptRecord record = bench.attempt(delivery, answer(0, 500));
  CHECK(record.signal == DeliverySignal::retry_scheduled);
  CHECK(record.next_attempt_at == kStart + 5s);
  CHECK(record.attempt.trigger == "replay");
}

TEST_CASE("the endpoint's own number of attempts is the budget") {
  Bench bench;
  Endpoint row = make_endpoint();
  row.max_attempts = 1;
  CHECK(bench.attempt(make_delivery(1, prepared(row)), answer(0, 500)).signal ==
        DeliverySignal::schedule_spent);
}

TEST_CASE("Retry-After is honoured up to the cap") {
  Bench bench;
  bench.options.retry_after_max = 1h;
  TransferResult result = answer(0, 503);
  result.response_headers = {{"retry-after", "120"}};
  CHECK(bench.attempt(make_delivery(1, prepared()), result).next_attempt_at == kStart + 2min);
  result.response_headers = {{"Retry-After", "86400"}};
  CHECK(bench.attempt(make_delivery(2, prepared()), result).next_attempt_at == kStart + 1h);
}

TEST_CASE("a refusal is final, and 410 disables the endpoint too") {
  Bench bench;
  const AttemptRecord refused = bench.attempt(make_delivery(1, prepared()), answer(0, 404));
  CHECK(refused.signal == DeliverySignal::failed_for_good);
  CHECK(refused.disable_reason.empty());
  const AttemptRecord gone = bench.attempt(make_delivery(2, prepared()), answer(0, 410));
  CHECK(gone.signal == DeliverySignal::failed_for_good);
  CHECK(gone.disable_reason == "gone");
}

TEST_CASE("after a 410 nothing that was claimed for the endpoint is sent") {
  Bench bench;
  const auto endpoint = prepared();
  const Orders started = bench.take(make_deliveries(5, endpoint));
  REQUIRE(started.starts.size() == 2);
  const Orders ended = bench.finish(answer(started.starts[0].id, 410));
  CHECK(ended.starts.empty());
  CHECK(ended.put_backs.size() == 3);
  CHECK(bench.take(make_delivery(9, endpoint)).put_backs.size() == 1);
  // Enabled again: another row, another object.
  CHECK(bench.take(make_delivery(10, prepared())).starts.size() == 1);
}

TEST_CASE("a blocked address or an impossible URL is dead at once") {
  Bench bench;
  for (const auto error : {TransportError::blocked_address, TransportError::invalid_url}) {
    CHECK(bench.attempt(make_delivery(1, prepared()), broken(0, error)).signal ==
          DeliverySignal::failed_for_good);
  }
}

TEST_CASE("each attempt has the same id and a fresh timestamp and signature") {
  Bench bench;
  const auto endpoint = prepared();
  const Orders first = bench.take(make_delivery(1, endpoint));
  bench.finish(answer(first.starts[0].id, 500));
  bench.advance(5s);
  const Orders second = bench.take(bench.fresh(1, endpoint));
  const HttpAttempt& before = first.starts.at(0).attempt;
  const HttpAttempt& after = second.starts.at(0).attempt;

  CHECK(header_of(before, "webhook-id") == "msg_1");
  CHECK(header_of(after, "webhook-id") == "msg_1");
  CHECK(*before.body == *after.body);
  CHECK(header_of(before, "webhook-timestamp") == "1700000000");
  CHECK(header_of(after, "webhook-timestamp") == "1700000005");
  CHECK(header_of(before, "webhook-signature").substr(0, 3) == "v1,");
  CHECK(header_of(before, "webhook-signature") != header_of(after, "webhook-signature"));
  CHECK(first.starts[0].id != second.starts[0].id);
}

TEST_CASE("an endpoint that cannot sign is sent nothing, and the attempt says why") {
  Bench bench;
  Endpoint row = make_endpoint();
  row.secrets[0].expires_at = kStart;
  const Orders orders = bench.take(make_delivery(1, prepared(row)));
  CHECK(orders.starts.empty());
  REQUIRE(orders.attempts.size() == 1);
  const AttemptRecord& record = orders.attempts[0].record;
  CHECK(record.signal == DeliverySignal::retry_scheduled);
  CHECK(record.attempt.error == TransportError::not_signed);
  CHECK(record.attempt.error_text.find("secret") != std::string::npos);
  CHECK(record.attempt.error_text.find(kSecret) == std::string::npos);
}

TEST_CASE("a message that cannot be signed is dead at once, and the attempt says why") {
  Bench bench;
  Endpoint row = make_endpoint();
  row.schemes = {"twilio"};
  const Orders orders = bench.take(make_delivery(1, prepared(row)));
  CHECK(orders.starts.empty());
  REQUIRE(orders.attempts.size() == 1);
  const AttemptRecord& record = orders.attempts[0].record;
  CHECK(record.signal == DeliverySignal::failed_for_good);
  CHECK(record.attempt.outcome == Outcome::permanent);
  CHECK(record.attempt.error == TransportError::invalid_request);
  CHECK(record.attempt.error_text.find("bodySHA256") != std::string::npos);
}

TEST_CASE("an endpoint at its cap keeps the rest waiting, and the next one starts when it may") {
  Bench bench;
  const auto endpoint = prepared();
  const Orders started = bench.take(make_deliveries(4, endpoint));
  REQUIRE(started.starts.size() == 2);
  CHECK(started.put_backs.empty());
  CHECK(bench.dispatcher.in_flight() == 2);

  const Orders next = bench.finish(answer(started.starts[1].id, 200));
  REQUIRE(next.starts.size() == 1);
  CHECK(header_of(next.starts[0].attempt, "webhook-id") == "msg_3");
}

TEST_CASE("what finds even the parking full goes back one behind the other, uncounted") {
  Bench bench;
  const Orders orders = bench.take(make_deliveries(10, prepared()));
  CHECK(orders.starts.size() == 2);
  CHECK(orders.attempts.empty());
  REQUIRE(orders.put_backs.size() == 4);
  TimePoint last = kStart;
  for (const PutBack& back : orders.put_backs) {
    CHECK(back.next_attempt_at > last);
    CHECK(back.next_attempt_at <= kStart + 1s);
    last = back.next_attempt_at;
  }
}

TEST_CASE("one endpoint that never answers leaves the room to the others") {
  Bench bench;
  bench.take(make_deliveries(50, prepared(make_endpoint("ep_dead"))));
  CHECK(bench.dispatcher.in_flight() == 2);
  CHECK(bench.dispatcher.room() == 6);

  const auto healthy = prepared(make_endpoint("ep_healthy"));
  int delivered = 0;
  for (int i = 0; i < 100; ++i) {
    const Orders started = bench.take(make_delivery(1000 + i, healthy));
    REQUIRE(started.starts.size() == 1);
    delivered += static_cast<int>(bench.finish(answer(started.starts[0].id, 200)).attempts.size());
  }
  CHECK(delivered == 100);
}

TEST_CASE("no more than the whole budget is under way, and every endpoint gets its turn") {
  Bench bench;
  std::vector<ReadyDelivery> batch;
  for (int i = 0; i < 20; ++i) {
    batch.push_back(make_delivery(i, prepared(make_endpoint("ep_" + std::to_string(i / 2)))));
  }
  const Orders started = bench.take(std::move(batch));
  CHECK(started.starts.size() == 8);
  CHECK(bench.dispatcher.room() == 0);
  const Orders next = bench.finish(answer(started.starts[0].id, 200));
  CHECK(next.starts.size() == 1);
  CHECK(bench.dispatcher.in_flight() == 8);
}

TEST_CASE("what is claimed ahead waits here, and starts as soon as another attempt ends") {
  Bench bench;
  bench.options.prefetch = 4;
  CHECK(bench.dispatcher.room() == 12);
  std::vector<ReadyDelivery> batch;
  for (int i = 0; i < 12; ++i) {
    batch.push_back(make_delivery(i, prepared(make_endpoint("ep_" + std::to_string(i)))));
  }
  const Orders started = bench.take(std::move(batch));
  CHECK(started.starts.size() == 8);
  CHECK(started.put_backs.empty());
  CHECK(bench.dispatcher.room() == 0);
  CHECK(bench.finish(answer(started.starts[0].id, 200)).starts.size() == 1);
  CHECK(bench.dispatcher.room() == 1);
}

TEST_CASE("failures in a row open the breaker: what waits goes back without counting") {
  Bench bench;
  const auto endpoint = prepared();
  for (int i = 0; i < 2; ++i) bench.attempt(make_delivery(i, endpoint), answer(0, 500));
  const Orders started = bench.take(make_deliveries(5, endpoint, 10));
  const Orders tripped = bench.finish(answer(started.starts.at(0).id, 500));
  REQUIRE(tripped.put_backs.size() == 3);
  CHECK(tripped.put_backs[0].next_attempt_at == kStart + 5min);

  const Orders refused = bench.take(make_delivery(20, endpoint));
  CHECK(refused.starts.empty());
  CHECK(refused.attempts.empty());
  REQUIRE(refused.put_backs.size() == 1);
  CHECK(refused.put_backs[0].next_attempt_at == kStart + 5min);
}

TEST_CASE("after its time the breaker lets one probe through, and its success opens the way") {
  Bench bench;
  const auto endpoint = prepared();
  for (int i = 0; i < 3; ++i) bench.attempt(make_delivery(i, endpoint), answer(0, 500));
  bench.advance(5min);
  std::vector<ReadyDelivery> batch;
  for (int i = 0; i < 3; ++i) batch.push_back(bench.fresh(10 + i, endpoint));
  const Orders probing = bench.take(std::move(batch));
  REQUIRE(probing.starts.size() == 1);
  REQUIRE(probing.put_backs.size() == 2);
  CHECK(probing.put_backs[0].next_attempt_at == bench.now.wall + kProbePatience);

  bench.finish(answer(probing.starts[0].id, 200));
  CHECK(bench.take(bench.fresh(20, endpoint)).starts.size() == 1);
  CHECK(bench.take(bench.fresh(21, endpoint)).starts.size() == 1);
}

TEST_CASE("what meets an open breaker waits behind it; what meets a full lane only goes back") {
  Bench bench;
  const auto endpoint = prepared();
  for (int i = 0; i < 3; ++i) bench.attempt(make_delivery(i, endpoint), answer(0, 500));
  CHECK(bench.take(make_delivery(20, endpoint)).put_backs.at(0).behind_breaker);
  const Orders full = bench.take(make_deliveries(10, prepared(make_endpoint("ep_2"))));
  CHECK_FALSE(full.put_backs.at(0).behind_breaker);
}

TEST_CASE("an attempt carries its endpoint's health where it changed it, and only there") {
  Bench bench;
  const auto endpoint = prepared();
  CHECK_FALSE(bench.attempt(make_delivery(1, endpoint), answer(0, 200)).health);
  const AttemptRecord failed = bench.attempt(make_delivery(2, endpoint), answer(0, 500));
  REQUIRE(failed.health);
  CHECK(failed.health->health.breaker.failures_in_a_row == 1);
  CHECK_FALSE(failed.health->opened);
  bench.attempt(make_delivery(3, endpoint), answer(0, 500));
  const AttemptRecord tripped = bench.attempt(make_delivery(4, endpoint), answer(0, 500));
  CHECK(tripped.health.value().opened);
  CHECK(tripped.health->health.breaker.open_until == kStart + 5min);
  bench.advance(5min);
  const AttemptRecord back = bench.attempt(bench.fresh(5, endpoint), answer(0, 200));
  CHECK(back.health.value().closed);
  CHECK_FALSE(bench.attempt(bench.fresh(6, endpoint), answer(0, 200)).health);
}

TEST_CASE("a dispatcher that is new begins with the health that was stored") {
  Bench bench;
  EndpointHealth open;
  open.breaker = {.failures_in_a_row = 3, .open_until = kStart + 1min, .trips = 4};
  const auto endpoint = prepare_endpoint(make_endpoint(), kStart, open);
  CHECK(bench.take(make_delivery(1, endpoint)).put_backs.at(0).next_attempt_at == kStart + 1min);
  bench.advance(1min);
  const AttemptRecord probe = bench.attempt(bench.fresh(2, endpoint), answer(0, 500));
  CHECK(probe.health.value().health.breaker.trips == 5);
  CHECK_FALSE(probe.health->opened);
}

TEST_CASE("an endpoint that was enabled again starts anew, whatever comes in from before") {
  Bench bench;
  const auto before = prepared();
  const Orders late = bench.take(make_delivery(1, before));
  for (int i = 0; i < 3; ++i) bench.attempt(make_delivery(10 + i, before), answer(0, 500));
  CHECK(bench.take(make_delivery(20, before)).starts.empty());

  const auto after = prepare_endpoint(make_endpoint(), kStart, {.epoch = 1});
  CHECK(bench.take(make_delivery(21, after)).starts.size() == 1);
  const Orders ended = bench.finish(answer(late.starts.at(0).id, 500));
  CHECK_FALSE(ended.attempts.at(0).record.health);
  CHECK(ended.attempts.at(0).record.signal == DeliverySignal::retry_scheduled);
}

TEST_CASE("a 410 from before an endpoint was enabled again does not disable it") {
  Bench bench;
  const Orders late = bench.take(make_delivery(1, prepared()));
  const auto after = prepare_endpoint(make_endpoint(), kStart, {.epoch = 1});
  CHECK(bench.take(make_delivery(2, after)).starts.size() == 1);
  const AttemptRecord gone = bench.finish(answer(late.starts.at(0).id, 410)).attempts.at(0).record;
  CHECK(gone.signal == DeliverySignal::failed_for_good);
  CHECK(gone.disable_reason.empty());
}

TEST_CASE("an endpoint that asks for it has its refusals tried again, and no breaker for them") {
  Bench bench;
  Endpoint row = make_endpoint();
  row.client_errors = ClientErrors::retry;
  const auto endpoint = prepared(row);
  for (int i = 0; i < 5; ++i) {
    const AttemptRecord refused = bench.attempt(make_delivery(i, endpoint), answer(0, 404));
    CHECK(refused.signal == DeliverySignal::retry_scheduled);
    CHECK(refused.health.value().health.breaker.trips == 0);
  }
  CHECK(bench.attempt(make_delivery(9, endpoint), answer(0, 410)).disable_reason == "gone");
}

TEST_CASE("failing only for too long disables, and nothing more is sent") {
  Bench bench;
  bench.options.auto_disable_after = 24h;
  bench.options.breaker_failures = 0;
  const auto endpoint = prepared();
  CHECK(bench.attempt(make_delivery(1, endpoint), answer(0, 500)).disable_reason.empty());
  bench.advance(24h);
  CHECK(bench.attempt(bench.fresh(2, endpoint), answer(0, 404)).disable_reason == "failing");
  CHECK(bench.take(bench.fresh(3, endpoint)).put_backs.size() == 1);
}

TEST_CASE("a probe that shutdown took away leaves its place to the next") {
  Bench bench;
  const auto endpoint = prepared();
  for (int i = 0; i < 3; ++i) bench.attempt(make_delivery(i, endpoint), answer(0, 500));
  bench.advance(5min);
  const Orders probing = bench.take(bench.fresh(10, endpoint));
  bench.finish(broken(probing.starts.at(0).id, TransportError::cancelled));
  CHECK(bench.take(bench.fresh(11, endpoint)).starts.size() == 1);
}

TEST_CASE("an endpoint's own breaker wins over the client's, and zero means none") {
  Bench bench;
  Endpoint row = make_endpoint();
  row.breaker_failures = 0;
  const auto endpoint = prepared(row);
  for (int i = 0; i < 20; ++i) bench.attempt(make_delivery(i, endpoint), answer(0, 500));

  Endpoint strict = make_endpoint("ep_2");
  strict.breaker_failures = 1;
  strict.breaker_open_for = 10s;
  const auto other = prepared(strict);
  bench.attempt(make_delivery(30, other), answer(0, 500));
  CHECK(bench.take(make_delivery(31, other)).put_backs.at(0).next_attempt_at == kStart + 10s);
}

TEST_CASE("an endpoint gets more places as it answers, and few while it says nothing") {
  Bench bench;
  bench.options.max_in_flight_per_endpoint = 8;
  bench.options.breaker_failures = 0;
  const Orders first = bench.take(make_deliveries(14, prepared()));
  REQUIRE(first.starts.size() == 4);
  const Orders second = bench.finish(answer(first.starts[0].id, 200));
  CHECK(second.starts.size() == 2);
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(bench.finish(broken(first.starts[i].id, TransportError::timeout)).starts.empty());
  }
  const Orders third = bench.finish(broken(second.starts[0].id, TransportError::timeout));
  CHECK(third.starts.size() == 1);
}

TEST_CASE("the rate limit puts back one behind the other and counts no attempt") {
  Bench bench;
  bench.options.max_in_flight_per_endpoint = 8;
  Endpoint row = make_endpoint();
  row.rate_limit_per_second = 2;
  const Orders orders = bench.take(make_deliveries(5, prepared(row)));
  CHECK(orders.starts.size() == 2);
  CHECK(orders.attempts.empty());
  REQUIRE(orders.put_backs.size() == 3);
  CHECK(orders.put_backs[0].next_attempt_at == kStart + 500ms);
  CHECK(orders.put_backs[1].next_attempt_at == kStart + 1000ms);
  CHECK(orders.put_backs[2].next_attempt_at == kStart + 1500ms);
}

TEST_CASE("what comes back in its place in the line is let through") {
  Bench bench;
  bench.options.max_in_flight_per_endpoint = 8;
  Endpoint row = make_endpoint();
  row.rate_limit_per_second = 2;
  const auto endpoint = prepared(row);
  const Orders first = bench.take(make_deliveries(5, endpoint));
  for (const TransferStart& started : first.starts) bench.finish(answer(started.id, 200));
  for (int i = 0; i < 3; ++i) {
    bench.advance(500ms);
    CHECK(bench.take(bench.fresh(10 + i, endpoint)).starts.size() == 1);
  }
}

TEST_CASE("a transfer that shutdown cut is put back, unless its answer had come") {
  Bench bench;
  const Orders started = bench.take(make_deliveries(2, prepared()));
  const Orders cut = bench.finish(broken(started.starts.at(0).id, TransportError::cancelled));
  CHECK(cut.attempts.empty());
  REQUIRE(cut.put_backs.size() == 1);
  CHECK(cut.put_backs[0].next_attempt_at == kStart);

  TransferResult answered = answer(started.starts.at(1).id, 200);
  answered.error = TransportError::cancelled;
  CHECK(bench.finish(answered).attempts.at(0).record.signal == DeliverySignal::succeeded);
}

TEST_CASE("a closed dispatcher starts nothing and puts everything back") {
  Bench bench;
  const auto endpoint = prepared();
  const Orders started = bench.take(make_deliveries(4, endpoint));
  bench.dispatcher.close(bench.now);
  Orders closed = bench.dispatcher.step(bench.now);
  CHECK(closed.put_backs.size() == 2);
  CHECK(bench.dispatcher.room() == 0);
  CHECK(bench.take(make_delivery(9, endpoint)).put_backs.size() == 1);
  const Orders last = bench.finish(answer(started.starts[0].id, 200));
  CHECK(last.attempts.size() == 1);
  CHECK(last.starts.empty());
}

TEST_CASE(
    "a delivery whose endpoint is deleted is cancelled, one of a disabled endpoint goes back") {
  Bench bench;
  const Orders deleted = bench.take(make_delivery(5, nullptr));
  CHECK(deleted.cancels == std::vector<std::int64_t>{5});
  CHECK(deleted.put_backs.size() == 1);

  Endpoint row = make_endpoint();
  row.state = EndpointState::disabled;
  const Orders disabled = bench.take(make_delivery(6, prepared(row)));
  CHECK(disabled.cancels.empty());
  CHECK(disabled.put_backs.size() == 1);
  CHECK(disabled.starts.empty());
}

TEST_CASE("a claim too old to be sent within its lease goes back") {
  Bench bench;
  bench.options.lease = 30s;
  const auto endpoint = prepared();  // Its attempts take up to 10 s.
  const Orders started = bench.take(make_deliveries(3, endpoint));
  bench.advance(19s);
  const Orders later = bench.finish(answer(started.starts.at(0).id, 200));
  CHECK(later.starts.empty());
  CHECK(later.put_backs.size() == 1);
}

TEST_CASE("every claim ends exactly once, whatever happens to it") {
  Bench bench;
  SeededRandom dice{42};
  std::map<std::int64_t, int> ended;
  std::vector<std::shared_ptr<const PreparedEndpoint>> endpoints;
  for (int i = 0; i < 4; ++i)
    endpoints.push_back(prepared(make_endpoint("ep_" + std::to_string(i))));
  std::vector<TransferId> flying;
  const auto account = [&](Orders orders) {
    for (const auto& attempt : orders.attempts) ++ended[attempt.record.delivery];
    for (const auto& back : orders.put_backs) ++ended[back.delivery];
    for (const auto& start : orders.starts) flying.push_back(start.id);
  };
  std::int64_t key = 0;
  const std::vector<int> statuses = {200, 500, 410, 404, 503};
  for (int round = 0; round < 2000; ++round) {
    if (flying.empty() || dice.draw() % 2 == 0) {
      account(bench.take(bench.fresh(++key, endpoints[dice.draw() % endpoints.size()])));
    } else {
      const std::size_t at = dice.draw() % flying.size();
      const TransferId id = flying[at];
      flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(at));
      account(bench.finish(answer(id, statuses[dice.draw() % statuses.size()])));
    }
    bench.advance(Duration{static_cast<std::int64_t>(dice.draw() % 1000)});
    if (dice.draw() % 50 == 0) endpoints[dice.draw() % 4] = prepared(make_endpoint("ep_1"));
  }
  bench.dispatcher.close(bench.now);
  account(bench.dispatcher.step(bench.now));
  for (const TransferId id : flying) account(bench.finish(broken(id, TransportError::cancelled)));
  CHECK(bench.dispatcher.in_flight() == 0);
  CHECK(ended.size() == static_cast<std::size_t>(key));
  for (const auto& [delivery, times] : ended) {
    INFO(delivery);
    CHECK(times == 1);
  }
}

TEST_CASE("what was parked past the end of a rotation goes back to be signed without the old one") {
  Bench bench;
  Endpoint row = make_endpoint();
  row.secrets.push_back(
      {.text = Secret(kOlderSecret), .created_at = kStart, .expires_at = kStart + 1min});
  const auto endpoint = prepared(row);
  const Orders started = bench.take(make_deliveries(4, endpoint));
  REQUIRE(started.starts.size() == 2);
  bench.advance(1min - 1ms);
  const Orders before = bench.finish(answer(started.starts[0].id, 200));
  CHECK(before.starts.size() == 1);
  bench.advance(1ms);
  const Orders after = bench.finish(answer(started.starts[1].id, 200));
  CHECK(after.starts.empty());
  REQUIRE(after.put_backs.size() == 1);
  CHECK(after.put_backs[0].next_attempt_at == bench.now.wall);
}

TEST_CASE("an endpoint in order has one attempt under way, whatever was let go before") {
  Bench bench;
  Endpoint row = make_endpoint();
  row.fifo = true;
  const Orders started = bench.take(make_deliveries(3, prepared(row)));
  REQUIRE(started.starts.size() == 1);
  CHECK(header_of(started.starts[0].attempt, "webhook-id") == "msg_1");
  const Orders next = bench.finish(answer(started.starts[0].id, 200));
  REQUIRE(next.starts.size() == 1);
  CHECK(header_of(next.starts[0].attempt, "webhook-id") == "msg_2");
  CHECK(bench.dispatcher.in_flight() == 1);
}

TEST_CASE("what expires while it is parked is not sent any more") {
  Bench bench;
  const auto endpoint = prepared();
  std::vector<ReadyDelivery> batch = make_deliveries(3, endpoint);
  batch[2].claimed.expires_at = kStart + 1s;
  const Orders started = bench.take(std::move(batch));
  REQUIRE(started.starts.size() == 2);
  bench.advance(1s);
  const Orders next = bench.finish(answer(started.starts[0].id, 200));
  CHECK(next.starts.empty());
  REQUIRE(next.put_backs.size() == 1);
  CHECK(next.put_backs[0].delivery == 3);
  CHECK(next.put_backs[0].next_attempt_at == kStart + 1s);
}

TEST_CASE("a retry after the expiry is cancelled, and the event says so") {
  Bench bench;
  ReadyDelivery delivery = make_delivery(1, prepared());
  delivery.claimed.expires_at = kStart + 5s;
  const Orders started = bench.take(std::move(delivery));
  const Orders ended = bench.finish(answer(started.starts.at(0).id, 500));
  CHECK(ended.attempts.at(0).record.signal == DeliverySignal::expired);
  CHECK(ended.attempts.at(0).event.state == DeliveryState::cancelled);
  CHECK_FALSE(ended.attempts.at(0).event.next_attempt_at);
}

TEST_CASE("of what is parked the best rank starts first, and a better one takes the last place") {
  Bench bench;
  const auto endpoint = prepared();
  std::vector<ReadyDelivery> batch = make_deliveries(6, endpoint);  // Two start, four are parked.
  for (ReadyDelivery& delivery : batch) delivery.claimed.rank = 2;
  const Orders started = bench.take(std::move(batch));
  REQUIRE(started.starts.size() == 2);
  ReadyDelivery high = make_delivery(7, endpoint);
  high.claimed.rank = 0;
  ReadyDelivery low = make_delivery(8, endpoint);
  low.claimed.rank = 4;
  const Orders placed = bench.take(std::move(high));
  REQUIRE(placed.put_backs.size() == 1);
  CHECK(placed.put_backs[0].delivery == 6);
  CHECK(bench.take(std::move(low)).put_backs.at(0).delivery == 8);
  const Orders next = bench.finish(answer(started.starts[0].id, 200));
  REQUIRE(next.starts.size() == 1);
  CHECK(header_of(next.starts[0].attempt, "webhook-id") == "msg_7");
}

TEST_CASE("a rate limit lets a high priority queue behind its like, not behind the others") {
  Bench bench;
  bench.options.max_in_flight_per_endpoint = 8;
  Endpoint row = make_endpoint();
  row.rate_limit_per_second = 1;
  const auto endpoint = prepared(row);
  std::vector<ReadyDelivery> batch = make_deliveries(6, endpoint);
  for (int i = 0; i < 5; ++i) batch[static_cast<std::size_t>(i)].claimed.rank = 2;
  const Orders orders = bench.take(std::move(batch));
  CHECK(orders.starts.size() == 1);
  REQUIRE(orders.put_backs.size() == 5);
  CHECK(orders.put_backs[3].next_attempt_at == kStart + 4s);
  CHECK(orders.put_backs[4].delivery == 6);
  CHECK(orders.put_backs[4].next_attempt_at == kStart + 1s);
}
