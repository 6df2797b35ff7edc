#include "webhookcore/core/duration_histogram.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

TEST_CASE("without a duration there is no mean and no percentile") {
  const DurationHistogram empty;
  CHECK(empty.count() == 0);
  CHECK_FALSE(empty.mean());
  CHECK_FALSE(empty.percentile(0.5));
}

TEST_CASE("short durations are exact") {
  DurationHistogram histogram;
  for (int ms = 1; ms <= 100; ++ms) histogram.add(Duration{ms});
  CHECK(histogram.count() == 100);
  CHECK(histogram.mean() == 50ms);
  CHECK(histogram.percentile(0.5) == 50ms);
  CHECK(histogram.percentile(0.99) == 99ms);
  CHECK(histogram.percentile(1.0) == 100ms);
  CHECK(histogram.percentile(0.0) == 1ms);
}

TEST_CASE("long durations are within 1 percent, up to months") {
  for (const std::int64_t ms : {128LL, 129LL, 999LL, 12'345LL, 86'400'000LL, 7'776'000'001LL}) {
    DurationHistogram histogram;
    histogram.add(Duration{ms});
    const auto shown = static_cast<double>(histogram.percentile(0.5)->count());
    INFO(ms);
    CHECK(shown / static_cast<double>(ms) > 0.99);
    CHECK(shown / static_cast<double>(ms) < 1.01);
  }
}

TEST_CASE("a duration of a clock that was set back counts as none") {
  DurationHistogram histogram;
  histogram.add(-5s);
  CHECK(histogram.percentile(1.0) == 0ms);
}
