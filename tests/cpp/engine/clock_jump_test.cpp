// A wall clock that is set while the engine works (reliability.md F16): nothing is lost,
// nothing is sent twice for it, nothing spins, and retries come after their own wait.
#include <utility>
#include <vector>

#include "catch.h"
#include "engine/engine_tools.h"
#include "engine/failing_store.h"
#include "engine/fake_transport.h"
#include "webhookcore/engine/engine.h"
#include "webhookcore/engine/reaper.h"
#include "webhookcore/store/memory/memory_store.h"

using namespace webhookcore;
using namespace webhookcore::testing;

namespace {

constexpr Duration kLong = 30s;  // Never waited for: a test that gets there has failed.

struct Bench {
  SystemRandom random;
  SettableClock clock{kStart};
  std::shared_ptr<FailingStore> store = std::make_shared<FailingStore>(make_memory_store(random));
  std::shared_ptr<FakeReceiver> receiver;
  std::unique_ptr<Engine> engine;

  explicit Bench(FakeReceiver::Script script)
      : receiver(std::make_shared<FakeReceiver>(std::move(script))) {
    REQUIRE(store->create_endpoint(make_endpoint()).ok());
    engine = std::make_unique<Engine>(
        store,
        [this]() -> Result<std::unique_ptr<Transport>> {
          return std::unique_ptr<Transport>(std::make_unique<FakeTransport>(receiver));
        },
        EngineOptions{.sweep_every = 0ms}, clock, random);
  }

  void send() {
    std::vector<NewMessage> batch(1, make_message());
    REQUIRE(engine->enqueue(std::move(batch)).front().ok());
  }
  // How many deliveries are done in all once there is nothing left to do.
  std::int64_t delivered() {
    const auto result = engine->run_until_idle(0s, kLong);
    REQUIRE(result.ok());
    CHECK(result->idle);
    return store->count_deliveries({})->delivered;
  }
  // Rounds of the writer, each of which looks at the clock and sweeps.
  void let_it_look() {
    for (int i = 0; i < 3; ++i) REQUIRE(engine->run_until_idle(0s, 0s).ok());
  }
};

FakeReceiver::Script fails_first() {
  return [failed = false](const HttpAttempt&) mutable {
    return answer(0, std::exchange(failed, true) ? 200 : 500);
  };
}

const std::vector<Duration> kJumps = {-1h, 2h, 24h * 3652, -24h * 30};

}  // namespace

TEST_CASE("a retry comes after its own wait, however the clock is set meanwhile") {
  const Duration jump = GENERATE(from_range(kJumps));
  const bool while_it_runs = GENERATE(true, false);
  CAPTURE(jump.count(), while_it_runs);
  Bench bench(fails_first());
  bench.send();
  if (while_it_runs) REQUIRE(bench.engine->start().ok());
  CHECK(bench.delivered() == 0);
  bench.clock.set(bench.clock.now() + jump);
  if (jump < 0s) CHECK(bench.delivered() == 0);
  bench.clock.advance(5s);
  CHECK(bench.delivered() == 1);
  CHECK(bench.receiver->requests().size() == 2);
}

TEST_CASE("a clock that is set to 1970 and back loses nothing and repeats nothing") {
  Bench bench(fails_first());
  REQUIRE(bench.engine->start().ok());
  bench.send();
  CHECK(bench.delivered() == 0);
  bench.clock.set(from_unix_ms(1000));
  bench.send();
  CHECK(bench.delivered() == 1);
  bench.clock.advance(5s);
  CHECK(bench.delivered() == 2);
  bench.clock.set(kStart + 1min);
  bench.send();
  CHECK(bench.delivered() == 3);
  CHECK(bench.receiver->requests().size() == 4);
}

TEST_CASE("what is under way when the clock goes ahead is not sent a second time") {
  const Duration jump = GENERATE(Duration(2h), Duration(24h * 3652));
  Bench bench([](const HttpAttempt&) { return std::nullopt; });
  REQUIRE(bench.engine->start().ok());
  bench.send();
  bench.receiver->wait_for_requests(1);
  bench.clock.set(bench.clock.now() + jump);
  bench.let_it_look();
  CHECK(bench.store->count_deliveries({})->in_flight == 1);
  bench.receiver->answer_all(200);
  CHECK(bench.delivered() == 1);
  CHECK(bench.receiver->requests().size() == 1);
  CHECK(bench.engine->take_events(10).front().recorded);
}

TEST_CASE("a lease that is really over is still over after a jump") {
  SystemRandom random;
  const auto store = make_memory_store(random);
  REQUIRE(store->create_endpoint(make_endpoint()).ok());
  NewMessage message = make_message();
  message.message.id = "msg_1";
  REQUIRE(store->enqueue({&message, 1}, kStart).front().ok());
  REQUIRE(store->claim_due(kStart, 1, 60s)->size() == 1);
  Reaper reaper(*store, 0ms);
  CHECK(*reaper.step(kStart, 1000s) == 0);
  CHECK(*reaper.step(kStart + 2h, 1001s) == 0);
  CHECK(*reaper.step(kStart + 2h + 58s, 1059s) == 0);
  CHECK(*reaper.step(kStart + 2h + 60s, 1061s) == 1);
}

TEST_CASE("a clock that was set back after the last attempt is seen by who delivers next") {
  SystemRandom random;
  const auto store = make_memory_store(random);
  REQUIRE(store->create_endpoint(make_endpoint()).ok());
  NewMessage message = make_message();
  message.message.id = "msg_1";
  message.message.created_at = kStart;
  REQUIRE(store->enqueue({&message, 1}, kStart).front().ok());
  const auto claimed = store->claim_due(kStart, 1, 60s);
  REQUIRE(claimed->size() == 1);
  Reaper before(*store, 1s);
  REQUIRE(before.note_time(kStart + 2h, 5s).ok());
  const PutBack back{claimed->front().key, claimed->front().token, kStart + 3h};
  REQUIRE(store->put_back({&back, 1}, kStart + 2h).ok());

  const TimePoint set_back = kStart + 1h;
  Reaper after(*store, 1s);
  REQUIRE(after.step(set_back, 6s).ok());
  CHECK(store->claim_due(set_back + 1h, 1, 60s)->size() == 1);
}

TEST_CASE("the time is noted once a minute") {
  SystemRandom random;
  const auto store = make_memory_store(random);
  Reaper reaper(*store, 1s);
  REQUIRE(reaper.note_time(kStart, 5s).ok());
  REQUIRE(reaper.note_time(kStart + 59s, 64s).ok());
  CHECK_FALSE(*store->knows_later_than(kStart));
  REQUIRE(reaper.note_time(kStart + 60s, 65s).ok());
  CHECK(*store->knows_later_than(kStart));
}

TEST_CASE("a clock that was set back while nobody ran is seen at the first look") {
  SystemRandom random;
  const auto store = make_memory_store(random);
  REQUIRE(store->create_endpoint(make_endpoint()).ok());
  NewMessage message = make_message();
  message.message.id = "msg_1";
  message.message.created_at = kStart;
  REQUIRE(store->enqueue({&message, 1}, kStart).front().ok());
  Reaper reaper(*store, 1s);
  REQUIRE(reaper.step(kStart - 1h, 5s).ok());
  CHECK(store->claim_due(kStart - 1h, 1, 60s)->size() == 1);
}
