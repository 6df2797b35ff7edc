#include "webhookcore/core/retry_policy.h"

#include <limits>

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kLowest = 0;
constexpr std::uint64_t kMiddle = std::uint64_t{1} << 63;
constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();
const TimePoint kNow{1'700'000'000s};

}  // namespace

TEST_CASE("the standard schedule is the one of the requirements") {
  const auto policy = named_retry_policy("standard");
  REQUIRE(policy);
  CHECK(policy->schedule == std::vector<Duration>{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h});
  CHECK(policy->jitter == 0.2);
  CHECK(policy->retry_after_max == 24h);
}

TEST_CASE("patient and fast are the schedules of the requirements") {
  CHECK(named_retry_policy("patient")->schedule ==
        std::vector<Duration>{1min, 5min, 30min, 2h, 8h});
  CHECK(named_retry_policy("fast")->schedule == std::vector<Duration>{1s, 2s, 4s, 8s, 16s});
  CHECK_FALSE(named_retry_policy("Standard"));
  CHECK_FALSE(named_retry_policy(""));
}

TEST_CASE("each failure waits as the schedule says, then the delivery is dead") {
  const RetryPolicy policy{.schedule = {5s, 5min}, .jitter = 0.0};
  CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, kMiddle) == kNow + 5s);
  CHECK(next_attempt_at(policy, 2, std::nullopt, kNow, kMiddle) == kNow + 5min);
  CHECK_FALSE(next_attempt_at(policy, 3, std::nullopt, kNow, kMiddle));
  CHECK_FALSE(next_attempt_at(policy, 1'000'000, std::nullopt, kNow, kMiddle));
}

TEST_CASE("an empty schedule never tries again") {
  CHECK_FALSE(next_attempt_at(RetryPolicy{}, 1, 5s, kNow, kMiddle));
  CHECK_FALSE(next_attempt_at(RetryPolicy{.schedule = {}, .max_attempts = 5}, 1, 5s, kNow, 0));
}

TEST_CASE("jitter spreads the wait by its fraction either way, both ends reached") {
  const RetryPolicy policy{.schedule = {10s}, .jitter = 0.2};
  CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, kLowest) == kNow + 8s);
  CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, kMiddle) == kNow + 10s);
  CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, kHighest) == kNow + 12s);
  CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, kMiddle / 2) == kNow + 9s);
}

TEST_CASE("a jitter outside 0 to 1 is cut to it") {
  for (const double jitter : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    const RetryPolicy policy{.schedule = {10s}, .jitter = jitter};
    CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, kHighest) == kNow + 10s);
  }
  const RetryPolicy policy{.schedule = {10s}, .jitter = 7.0};
  CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, kLowest) == kNow);
  CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, kHighest) == kNow + 20s);
}

TEST_CASE("a Retry-After longer than the schedule wins, up to its cap") {
  const RetryPolicy policy{.schedule = {5s, 5min}, .jitter = 0.0, .retry_after_max = 1h};
  CHECK(next_attempt_at(policy, 1, 90s, kNow, 0) == kNow + 90s);
  CHECK(next_attempt_at(policy, 1, 48h, kNow, 0) == kNow + 1h);
  CHECK(next_attempt_at(policy, 2, 90s, kNow, 0) == kNow + 5min);
  CHECK_FALSE(next_attempt_at(policy, 3, 90s, kNow, 0));
}

TEST_CASE("a Retry-After never brings an attempt forward, whatever the jitter drew") {
  const RetryPolicy policy{.schedule = {10min}, .jitter = 0.2, .retry_after_max = 1h};
  for (const auto draw : {kLowest, kMiddle, kHighest}) {
    const auto scheduled = next_attempt_at(policy, 1, std::nullopt, kNow, draw);
    for (const Duration wish : {Duration(0s), Duration(1s), Duration(-5s), Duration(8min)}) {
      CHECK(next_attempt_at(policy, 1, wish, kNow, draw) == scheduled);
    }
    CHECK(next_attempt_at(policy, 1, 13min, kNow, draw) == kNow + 13min);
    CHECK(next_attempt_at(policy, 1, 2h, kNow, draw) == kNow + 1h);
  }
}

TEST_CASE("the number of attempts cuts the schedule or repeats its last wait") {
  RetryPolicy policy{.schedule = {5s, 5min}, .jitter = 0.0, .max_attempts = 2};
  CHECK(next_attempt_at(policy, 1, std::nullopt, kNow, 0) == kNow + 5s);
  CHECK_FALSE(next_attempt_at(policy, 2, std::nullopt, kNow, 0));

  policy.max_attempts = 4;
  CHECK(next_attempt_at(policy, 3, std::nullopt, kNow, 0) == kNow + 5min);
  CHECK_FALSE(next_attempt_at(policy, 4, std::nullopt, kNow, 0));

  policy.max_attempts = 1;
  CHECK_FALSE(next_attempt_at(policy, 1, std::nullopt, kNow, 0));
}

TEST_CASE("no wait and no moment overflows") {
  const RetryPolicy policy{
      .schedule = {Duration::max()}, .jitter = 1.0, .retry_after_max = Duration::max()};
  CHECK(next_attempt_at(policy, 1, Duration::max(), kNow, kHighest) == kNow + kLongestWait);
  CHECK(next_attempt_at(policy, 1, std::nullopt, TimePoint::max(), kHighest) == TimePoint::max());
  CHECK(next_attempt_at(policy, 1, std::nullopt, TimePoint::min(), kHighest) ==
        TimePoint::min() + kLongestWait);
  const RetryPolicy backwards{.schedule = {Duration::min()}, .retry_after_max = Duration::min()};
  CHECK(next_attempt_at(backwards, 1, Duration::min(), kNow, kHighest) == kNow);
  CHECK(next_attempt_at(backwards, -5, std::nullopt, kNow, kHighest) == kNow);
}

TEST_CASE("an exponential schedule grows to its cap and no further") {
  CHECK(exponential_schedule(1s, 2, 10s, 6) == std::vector<Duration>{1s, 2s, 4s, 8s, 10s, 10s});
  CHECK(exponential_schedule(1s, 1.5, 1min, 3) == std::vector<Duration>{1s, 1500ms, 2250ms});
  CHECK(exponential_schedule(1s, 1e300, 24h, 5).back() == 24h);
  CHECK(exponential_schedule(1s, 2, 10s, 0).empty());
}
