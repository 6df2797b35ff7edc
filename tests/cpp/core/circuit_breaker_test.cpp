#include "webhookcore/core/circuit_breaker.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{1'700'000'000s};
constexpr BreakerRule kRule{.failures = 3, .open_for = 5min};

CircuitBreaker tripped_at(TimePoint now) {
  CircuitBreaker breaker;
  for (int i = 0; i < kRule.failures; ++i) {
    record_outcome(breaker, kRule, Outcome::transient, now);
  }
  return breaker;
}

}  // namespace

TEST_CASE("failures in a row trip the breaker, and the last one says so") {
  CircuitBreaker breaker;
  CHECK_FALSE(record_outcome(breaker, kRule, Outcome::transient, kNow));
  CHECK_FALSE(record_outcome(breaker, kRule, Outcome::throttled, kNow));
  CHECK_FALSE(admit(breaker, kRule, kNow));
  CHECK(record_outcome(breaker, kRule, Outcome::transient, kNow));

  CHECK(state_of(breaker, kRule, kNow) == BreakerState::open);
  CHECK(admit(breaker, kRule, kNow) == kNow + 5min);
  CHECK(admit(breaker, kRule, kNow + 5min - 1ms) == kNow + 5min);
  CHECK(breaker.trips == 1);
}

TEST_CASE("any answer in between starts the count anew, a refusal too") {
  for (const auto answer : {Outcome::delivered, Outcome::permanent, Outcome::gone}) {
    CircuitBreaker breaker;
    for (int i = 0; i < 10; ++i) {
      CHECK_FALSE(record_outcome(breaker, kRule, Outcome::transient, kNow));
      CHECK_FALSE(record_outcome(breaker, kRule, Outcome::transient, kNow));
      CHECK_FALSE(record_outcome(breaker, kRule, answer, kNow));
    }
    CHECK(breaker.trips == 0);
  }
}

TEST_CASE("after its time one probe gets through and the others wait for it") {
  CircuitBreaker breaker = tripped_at(kNow);
  const TimePoint later = kNow + 5min;
  CHECK(state_of(breaker, kRule, later) == BreakerState::half_open);
  CHECK_FALSE(admit(breaker, kRule, later));
  CHECK(admit(breaker, kRule, later) == later + kProbePatience);
  CHECK(admit(breaker, {.failures = 3, .open_for = 1s}, later) == later + 1s);
}

TEST_CASE("a probe that succeeds closes the breaker, one that fails opens it again") {
  CircuitBreaker breaker = tripped_at(kNow);
  const TimePoint later = kNow + 5min;
  REQUIRE_FALSE(admit(breaker, kRule, later));
  CHECK(record_outcome(breaker, kRule, Outcome::transient, later + 10s));
  CHECK(breaker.trips == 2);
  CHECK(admit(breaker, kRule, later + 10s) == later + 10s + 5min);

  const TimePoint much_later = later + 10s + 5min;
  REQUIRE_FALSE(admit(breaker, kRule, much_later));
  CHECK_FALSE(record_outcome(breaker, kRule, Outcome::delivered, much_later));
  CHECK(state_of(breaker, kRule, much_later) == BreakerState::closed);
  CHECK_FALSE(admit(breaker, kRule, much_later));
  CHECK_FALSE(admit(breaker, kRule, much_later));
  CHECK(breaker.trips == 2);
}

TEST_CASE("a probe that was abandoned leaves its place to the next") {
  CircuitBreaker breaker = tripped_at(kNow);
  const TimePoint later = kNow + 5min;
  REQUIRE_FALSE(admit(breaker, kRule, later));
  abandon_probe(breaker);
  CHECK_FALSE(admit(breaker, kRule, later));
}

TEST_CASE("what was under way when the breaker tripped does not extend it") {
  CircuitBreaker breaker = tripped_at(kNow);
  CHECK_FALSE(record_outcome(breaker, kRule, Outcome::transient, kNow + 1min));
  CHECK(admit(breaker, kRule, kNow + 1min) == kNow + 5min);
  CHECK(breaker.trips == 1);
}

TEST_CASE("zero failures mean no breaker") {
  const BreakerRule none{.failures = 0};
  CircuitBreaker breaker;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(record_outcome(breaker, none, Outcome::transient, kNow));
    CHECK_FALSE(admit(breaker, none, kNow));
  }
  CircuitBreaker was_open = tripped_at(kNow);
  CHECK_FALSE(admit(was_open, none, kNow));
}

TEST_CASE("a clock set back does not keep the breaker open longer than its rule") {
  CircuitBreaker breaker = tripped_at(kNow);
  const TimePoint set_back = kNow - 24h;
  CHECK(admit(breaker, kRule, set_back) == set_back + 5min);
  CHECK_FALSE(admit(breaker, kRule, set_back + 5min));
}

TEST_CASE("the breaker's states have the names of the vocabulary") {
  CHECK(to_string(BreakerState::closed) == "closed");
  CHECK(to_string(BreakerState::open) == "open");
  CHECK(to_string(BreakerState::half_open) == "half_open");
}
