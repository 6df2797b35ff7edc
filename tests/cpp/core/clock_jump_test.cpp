#include "webhookcore/core/clock_jump.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{1'700'000'000s};

}  // namespace

TEST_CASE("a clock that runs shows no jump, nor does one that is kept right") {
  JumpWatch watch;
  CHECK(watch.step(kNow, 100s) == 0s);
  CHECK(watch.step(kNow + 60s, 160s) == 0s);
  CHECK(watch.step(kNow + 70s + 999ms, 170s) == 0s);
  CHECK(watch.step(kNow + 80s, 180s) == 0s);
}

TEST_CASE("a clock that was set is seen once, with how far") {
  for (const Duration jump : {Duration(-1h), Duration(2h), Duration(24h * 3652), Duration(1s),
                              Duration(-24h * 30), -kNow.time_since_epoch()}) {
    JumpWatch watch;
    watch.step(kNow, 100s);
    CHECK(watch.step(kNow + 5s + jump, 105s) == jump);
    CHECK(watch.step(kNow + 9s + jump, 109s) == 0s);
  }
}

TEST_CASE("what was written by a clock that showed less keeps its time") {
  CHECK_FALSE(due_after_jump({kNow + 5min, kNow - 1h, kNow, 1}, kNow));
  CHECK_FALSE(due_after_jump({kNow + 5min, kNow - 1h, kNow - 1s, 1}, kNow));
  CHECK_FALSE(due_after_jump({kNow - 5min, kNow - 1h, kNow - 1h, 0}, kNow));
}

TEST_CASE("an event that waits does so for its own time, whatever the clock shows") {
  CHECK_FALSE(event_due_after_jump(kNow + 5min, kNow, kNow));
  CHECK_FALSE(event_due_after_jump(kNow, kNow + 1h, kNow));
  CHECK(event_due_after_jump(kNow + 1h, kNow + 1h, kNow) == kNow);
  CHECK(event_due_after_jump(kNow + 1h + 5s, kNow + 1h, kNow) == kNow + 5s);
  CHECK(event_due_after_jump(kNow + 1min, kNow + 1h, kNow) == kNow);
}

TEST_CASE("a wait that began in the future begins again now, with its own length") {
  CHECK(due_after_jump({kNow + 1h + 5s, kNow - 1h, kNow + 1h, 1}, kNow) == kNow + 5s);
  CHECK(due_after_jump({kNow + 1h + 5s, kNow + 1h, kNow + 1h, 1}, kNow) == kNow + 5s);
  CHECK(due_after_jump({kNow + 1h, kNow + 1h, kNow + 1h, 0}, kNow) == kNow);
  CHECK(due_after_jump({kNow + 30min, kNow - 1h, kNow + 1h, 1}, kNow) == kNow);
  const TimePoint in_1970{1000s};
  CHECK(due_after_jump({kNow + 20h, kNow - 1h, kNow, 1}, in_1970) == in_1970 + 20h);
}

TEST_CASE("a first attempt that the user wants at a certain time stays there") {
  CHECK_FALSE(due_after_jump({kNow + 3h, kNow + 1h, kNow + 1h, 0}, kNow));
}
