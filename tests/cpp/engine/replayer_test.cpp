#include "webhookcore/engine/replayer.h"

#include "catch.h"
#include "engine/engine_tools.h"
#include "webhookcore/store/memory/memory_store.h"

using namespace webhookcore;
using namespace webhookcore::testing;

namespace {

SystemRandom system_random;

// A store with so many dead letters.
std::shared_ptr<Store> with_dead_letters(int count) {
  auto store = make_memory_store(system_random);
  REQUIRE(store->create_endpoint(make_endpoint()).ok());
  for (int i = 0; i < count; ++i) {
    NewMessage message = make_message();
    message.message.id = "msg_" + std::to_string(i);
    REQUIRE(store->enqueue({&message, 1}, kStart).front().ok());
  }
  const auto claimed = store->claim_due(kStart, static_cast<std::size_t>(count), 60s);
  for (const ClaimedDelivery& delivery : claimed.value()) {
    const AttemptRecord record{.delivery = delivery.key,
                               .token = delivery.token,
                               .attempt = {},
                               .signal = DeliverySignal::schedule_spent,
                               .next_attempt_at = {},
                               .endpoint_id = delivery.endpoint_id};
    REQUIRE(store->record_attempts({&record, 1}, kStart).front().ok());
  }
  return store;
}

}  // namespace

TEST_CASE("a replay that was left in the middle is gone on with, piece by piece, to its end") {
  const auto store = with_dead_letters(1500);
  const auto job = store->begin_replay({}, kStart);
  REQUIRE(store->work_replay(job->key, 10, kStart)->replayed == 10);

  Replayer replayer(*store, 1s);
  CHECK(replayer.step(kStart, 5s).ok());
  CHECK(replayer.is_working());
  CHECK(store->count_deliveries({})->pending == 1010);
  CHECK(replayer.step(kStart, 5s).ok());
  CHECK_FALSE(replayer.is_working());
  CHECK(store->count_deliveries({})->pending == 1500);
  CHECK((*store->get_replay(job->key))->replayed == 1500);
}

TEST_CASE("a store is asked for abandoned replays now and then, not all the time") {
  const auto store = with_dead_letters(1);
  Replayer replayer(*store, 1s);
  CHECK(replayer.step(kStart, 5s).ok());
  REQUIRE(store->begin_replay({}, kStart).ok());
  CHECK(replayer.step(kStart, 5s + 999ms).ok());
  CHECK(store->count_deliveries({})->dead == 1);
  CHECK(replayer.step(kStart, 6s).ok());
  CHECK(store->count_deliveries({})->pending == 1);
}
