#include "webhookcore/engine/record_queue.h"

#include "catch.h"
#include "engine/engine_tools.h"
#include "engine/failing_store.h"
#include "webhookcore/engine/outbox.h"
#include "webhookcore/store/memory/memory_store.h"

using namespace webhookcore;
using namespace webhookcore::testing;

namespace {

struct Bench {
  SeededRandom random{7};
  ManualClock clock{kStart};
  std::shared_ptr<FailingStore> store = std::make_shared<FailingStore>(make_memory_store(random));
  RecordQueue queue{*store};

  Bench() { REQUIRE(store->create_endpoint(make_endpoint()).ok()); }

  std::vector<ClaimedDelivery> claim(int messages) {
    Outbox outbox(*store, clock, random);
    std::vector<NewMessage> batch(static_cast<std::size_t>(messages), make_message());
    for (const auto& enqueued : outbox.enqueue(std::move(batch))) REQUIRE(enqueued.ok());
    auto claimed = store->claim_due(kStart, 1000, 6min);
    REQUIRE(claimed.ok());
    return std::move(claimed).value();
  }

  Orders delivered(const std::vector<ClaimedDelivery>& claims) {
    Orders orders;
    const Endpoint endpoint = make_endpoint();
    for (const ClaimedDelivery& claim : claims) {
      orders.attempts.push_back(conclude_attempt({.delivery = claim,
                                                  .endpoint = endpoint,
                                                  .retry_after_max = 24h,
                                                  .started_at = kStart,
                                                  .now = kStart,
                                                  .draw = 0},
                                                 answer(1, 200)));
    }
    return orders;
  }

  DeliveryState state(std::int64_t key) { return (*store->get_delivery(key))->state; }
};

}  // namespace

TEST_CASE("what the store takes is settled, and its event says so") {
  Bench bench;
  const auto claims = bench.claim(3);
  bench.queue.add(bench.delivered(claims));
  const auto flushed = bench.queue.flush(kStart);
  CHECK_FALSE(flushed.trouble);
  CHECK(flushed.settled == 3);
  REQUIRE(flushed.events.size() == 3);
  CHECK(flushed.events[0].recorded);
  CHECK(flushed.events[0].state == DeliveryState::delivered);
  CHECK(bench.queue.empty());
  for (const auto& claim : claims) CHECK(bench.state(claim.key) == DeliveryState::delivered);
}

TEST_CASE("a store that fails for now loses no record") {
  for (const auto code : {ErrorCode::store_busy, ErrorCode::store_full,
                          ErrorCode::store_unavailable, ErrorCode::store_corrupt}) {
    Bench bench;
    const auto claims = bench.claim(2);
    Orders orders = bench.delivered({claims[0]});
    orders.put_backs.push_back({claims[1].key, claims[1].token, kStart + 1s});
    bench.queue.add(std::move(orders));

    bench.store->fail_with(code);
    for (int i = 0; i < 3; ++i) {
      const auto failed = bench.queue.flush(kStart);
      REQUIRE(failed.trouble);
      CHECK(failed.trouble->code == code);
      CHECK(failed.settled == 0);
      CHECK(failed.events.empty());
      CHECK_FALSE(bench.queue.empty());
    }
    bench.store->fail_with(std::nullopt);
    const auto flushed = bench.queue.flush(kStart);
    CHECK_FALSE(flushed.trouble);
    CHECK(flushed.settled == 2);
    CHECK(bench.state(claims[0].key) == DeliveryState::delivered);
    CHECK(bench.state(claims[1].key) == DeliveryState::pending);
  }
}

TEST_CASE("a record whose lease was lost is told and dropped, and spoils no other") {
  Bench bench;
  auto claims = bench.claim(2);
  claims[0].token.value = "somebody else's";
  bench.queue.add(bench.delivered(claims));
  const auto flushed = bench.queue.flush(kStart);
  CHECK_FALSE(flushed.trouble);
  CHECK(flushed.settled == 2);
  REQUIRE(flushed.events.size() == 2);
  CHECK_FALSE(flushed.events[0].recorded);
  CHECK(flushed.events[1].recorded);
  CHECK(bench.queue.empty());
  CHECK(bench.state(claims[0].key) == DeliveryState::in_flight);
  CHECK(bench.state(claims[1].key) == DeliveryState::delivered);
}

TEST_CASE("a delivery of a deleted endpoint is put back and cancelled") {
  Bench bench;
  const auto claims = bench.claim(1);
  Orders orders;
  orders.put_backs.push_back({claims[0].key, claims[0].token, kStart});
  orders.cancels.push_back(claims[0].key);
  bench.queue.add(std::move(orders));
  CHECK(bench.queue.flush(kStart).settled == 1);
  CHECK(bench.state(claims[0].key) == DeliveryState::cancelled);
}
