#include "webhookcore/core/watch_rules.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

TEST_CASE("failing is above half of the attempts, and of enough of them") {
  const WatchRule rule;
  CHECK(is_failing(20, 11, rule));
  CHECK_FALSE(is_failing(20, 10, rule));
  CHECK_FALSE(is_failing(19, 19, rule));
  CHECK_FALSE(is_failing(0, 0, {.failing_least = 0}));
  CHECK(is_failing(1, 1, {.failing_above = 0.9, .failing_least = 1}));
}

TEST_CASE("a volume is unusual when an hour has ten times the usual one, and enough") {
  const WatchRule rule;
  CHECK(is_unusual_volume(24'001, 24 * 2'400, rule));
  CHECK_FALSE(is_unusual_volume(24'000, 24 * 2'400, rule));
  CHECK_FALSE(is_unusual_volume(9'999, 24, rule));
  CHECK(is_unusual_volume(10'000, 0, rule));
}

TEST_CASE("a backlog and a secret grow old") {
  const WatchRule rule;
  const TimePoint now{1'700'000'000s};
  CHECK(is_old_backlog(now - 15min, now, rule));
  CHECK_FALSE(is_old_backlog(now - 15min + 1ms, now, rule));
  CHECK_FALSE(is_old_backlog(now + 1h, now, rule));
  CHECK(is_old_secret(now - 24h * 90, now, rule));
  CHECK_FALSE(is_old_secret(now - 24h * 89, now, rule));
}
