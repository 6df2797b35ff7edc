#include "webhookcore/engine/session.h"

#include "catch.h"
#include "engine/engine_tools.h"

using namespace webhookcore;
using namespace webhookcore::testing;
using namespace std::chrono_literals;

namespace {

// What a session decides by needs no store, no transport and no thread.
struct Bench {
  ManualClock clock{kStart};
  SeededRandom random{1};
  Session session{{.store = nullptr,
                   .make_transport = {},
                   .options = {.prefetch = 100},
                   .clock = clock,
                   .random = random,
                   .events = nullptr}};
  SteadyTime now{1h};

  explicit Bench(std::size_t attempts) {
    session.orders.attempts.resize(attempts);
    session.orders_since = now;
    session.under_way = 5;
  }
};

}  // namespace

TEST_CASE("attempts wait a moment for others before they are recorded") {
  Bench bench(1);
  CHECK_FALSE(bench.session.orders_are_due(bench.now));
  CHECK_FALSE(bench.session.orders_are_due(bench.now + kLongestGathering - 1us));
  CHECK(bench.session.orders_are_due(bench.now + kLongestGathering));
}

TEST_CASE("many attempts, or all there will be, are recorded at once") {
  CHECK(Bench(kWorthACommit).session.orders_are_due(SteadyTime{1h}));
  Bench last(1);
  last.session.under_way = 0;
  CHECK(last.session.orders_are_due(last.now));
  Bench stopping(1);
  stopping.session.stopping = true;
  CHECK(stopping.session.orders_are_due(stopping.now));
  Bench none(0);
  none.session.under_way = 0;
  CHECK_FALSE(none.session.orders_are_due(none.now + 1h));
}

TEST_CASE("deliveries are claimed by the batch and not one for each that was sent") {
  Bench bench(0);
  bench.session.room = 50;
  CHECK_FALSE(bench.session.wants_claim());
  bench.session.room = 51;
  CHECK(bench.session.wants_claim());
  bench.session.stopping = true;
  CHECK_FALSE(bench.session.wants_claim());
}
