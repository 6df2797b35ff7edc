#include "webhookcore/engine/key_watch.h"

#include <memory>

#include "catch.h"
#include "engine/engine_tools.h"
#include "engine/failing_store.h"
#include "webhookcore/base/random.h"
#include "webhookcore/store/memory/memory_store.h"

using namespace webhookcore;
using namespace webhookcore::testing;
using namespace std::chrono_literals;

namespace {

struct Bench {
  SystemRandom random;
  FailingStore store{make_memory_store(random)};
  EventLog log;
  KeyWatch watch{store, log};

  void step(Duration monotonic) { REQUIRE(watch.step(kStart + monotonic, monotonic).ok()); }
  std::size_t told() {
    return store.list_operational_events({.type = operational::kKeyMissing})->size();
  }
};

}  // namespace

TEST_CASE("who has every key never steps back") {
  Bench bench;
  bench.step(100s);
  CHECK_FALSE(bench.watch.steps_back(100s));
  CHECK(bench.told() == 0);
}

TEST_CASE("a second to step back begins when the missing key is seen, and comes every ten") {
  Bench bench;
  bench.store.seal_away("ep_1");
  bench.step(100s);
  CHECK(bench.watch.steps_back(100s));
  CHECK(bench.watch.steps_back(100'999ms));
  CHECK_FALSE(bench.watch.steps_back(101s));
  CHECK_FALSE(bench.watch.steps_back(109'999ms));
  CHECK(bench.watch.steps_back(110s));
  CHECK_FALSE(bench.watch.steps_back(111s));
}

TEST_CASE("it counts although nobody asked during that second") {
  Bench bench;
  bench.store.seal_away("ep_1");
  bench.step(100s);
  CHECK_FALSE(bench.watch.steps_back(101s));
}

TEST_CASE("a missing key is told of once, and again when it was there in between") {
  Bench bench;
  bench.store.seal_away("ep_1");
  bench.step(100s);
  bench.step(101s);
  CHECK(bench.told() == 1);
  CHECK(bench.log.take_problems().size() == 1);

  bench.store.seal_away(std::nullopt);
  bench.step(102s);
  CHECK_FALSE(bench.watch.steps_back(102s));
  bench.store.seal_away("ep_1");
  bench.step(103s);
  CHECK(bench.watch.steps_back(103s));
  CHECK(bench.log.take_problems().size() == 1);
  CHECK(bench.told() == 1);  // The store counts what comes again within its quiet period.
}
