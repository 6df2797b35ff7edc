#include "webhookcore/engine/pruner.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{1'700'000'000s};
constexpr Duration kMonotonic = 1000s;

// Counts what it is asked for, and needs `pieces` of each task.
class CountingStore final : public UpkeepStore {
 public:
  int prunes = 0, vacuums = 0, reseals = 0;
  int pieces = 1;
  bool fails = false;
  PruneLimits limits = {};

  Result<bool> prune(const PruneLimits& given, PrunePlace& place, Pruned&, TimePoint,
                     Duration) override {
    limits = given;
    ++prunes;
    if (fails) return Error{ErrorCode::store_full, "switched on by the test"};
    return ++place.after >= pieces;
  }
  Result<bool> give_back_pages(std::int64_t, std::int64_t) override {
    return ++vacuums % pieces != 0;
  }
  void checkpoint() override {}
  Result<StoreUse> measure_space() override { return StoreUse{}; }
  void set_quota(std::optional<std::int64_t>) override {}
  Result<std::size_t> reseal(std::int64_t& after, std::size_t) override {
    ++reseals;
    after = (after + 1) % pieces;
    return std::size_t{1};
  }
};

struct Bench {
  CountingStore store;
  EngineOptions options = {.retention = {.messages = 720h, .inbox = 240h}, .prune_every = 60s};
  Pruner pruner{store, options};
  Duration monotonic = kMonotonic;
  Duration wall_is_ahead{};

  bool step_after(Duration wait) {
    monotonic += wait;
    return pruner.step(kNow + wall_is_ahead + (monotonic - kMonotonic), monotonic).ok();
  }
  int all() const { return store.prunes + store.vacuums + store.reseals; }
};

}  // namespace

TEST_CASE("a pass prunes, gives space back and seals, one piece at a time, then pauses") {
  Bench bench;
  bench.store.pieces = 3;
  CHECK(bench.step_after(0s));
  CHECK(bench.all() == 0);  // A short run does none of it.
  CHECK(bench.step_after(2s));
  CHECK(bench.store.prunes == 1);
  CHECK(bench.step_after(10ms));
  CHECK(bench.store.prunes == 1);  // The others come first.
  for (int i = 0; i < 8; ++i) CHECK(bench.step_after(50ms));
  CHECK(bench.store.prunes == 3);
  CHECK(bench.store.vacuums == 3);
  CHECK(bench.store.reseals == 3);
  CHECK(bench.step_after(59s));
  CHECK(bench.all() == 9);
  CHECK(bench.step_after(1s));
  CHECK(bench.store.prunes == 4);
}

TEST_CASE("what is kept for a time goes before that time, the rest not at all") {
  Bench bench;
  CHECK(bench.step_after(0s));
  CHECK(bench.step_after(2s));
  CHECK(bench.store.limits.messages_before == kNow + 2s - 720h);
  CHECK(bench.store.limits.inbox_before == kNow + 2s - 240h);
  CHECK_FALSE(bench.store.limits.attempts_before);
}

TEST_CASE("a pass that fails is told once and tried again after the pause") {
  Bench bench;
  bench.store.fails = true;
  CHECK(bench.step_after(0s));
  CHECK_FALSE(bench.step_after(2s));
  CHECK(bench.step_after(50ms));
  CHECK(bench.store.prunes == 1);
  CHECK_FALSE(bench.step_after(60s));
  bench.store.fails = false;
  CHECK(bench.step_after(60s));
  CHECK(bench.store.prunes == 3);
}

TEST_CASE("a clock that jumped deletes nothing for an hour") {
  for (const Duration jump : {Duration(24h * 3650), Duration(-2h)}) {
    Bench bench;
    CHECK(bench.step_after(0s));
    bench.wall_is_ahead = jump;
    CHECK(bench.step_after(2s));
    CHECK(bench.step_after(59min));
    CHECK(bench.all() == 0);
    CHECK(bench.step_after(1min));
    CHECK(bench.store.prunes == 1);
  }
}
