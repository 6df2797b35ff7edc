#include "webhookcore/core/rate_limit.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

TEST_CASE("a full bucket gives one second's worth at once, then one by one") {
  TokenBucket bucket;
  for (int i = 0; i < 10; ++i) CHECK_FALSE(take_token(bucket, 10, 1000s));
  CHECK(take_token(bucket, 10, 1000s) == 100ms);
  CHECK(take_token(bucket, 10, 1000s + 60ms) == 40ms);
  CHECK_FALSE(take_token(bucket, 10, 1000s + 100ms));
  CHECK(take_token(bucket, 10, 1000s + 100ms) == 100ms);
}

TEST_CASE("a slow rate still lets the first one through") {
  TokenBucket bucket;
  CHECK_FALSE(take_token(bucket, 0.1, 0s));
  CHECK(take_token(bucket, 0.1, 0s) == 10s);
  CHECK(take_token(bucket, 0.1, 4s) == 6s);
  CHECK_FALSE(take_token(bucket, 0.1, 10s));
}

TEST_CASE("a long pause fills the bucket and no more") {
  TokenBucket bucket;
  for (int i = 0; i < 5; ++i) CHECK_FALSE(take_token(bucket, 5, 0s));
  for (int i = 0; i < 5; ++i) CHECK_FALSE(take_token(bucket, 5, 1000h));
  CHECK(take_token(bucket, 5, 1000h) == 200ms);
}

TEST_CASE("a batch takes more than there is, and the debt is waited for") {
  TokenBucket bucket;
  REQUIRE_FALSE(wait_for_token(bucket, 2, 0s));
  bucket.tokens -= 10;
  CHECK(wait_for_token(bucket, 2, 0s) == 4500ms);
  CHECK(wait_for_token(bucket, 2, 4s) == 500ms);
  CHECK_FALSE(wait_for_token(bucket, 2, 4500ms));
}

TEST_CASE("asking for a token does not take it") {
  TokenBucket bucket;
  for (int i = 0; i < 5; ++i) CHECK_FALSE(wait_for_token(bucket, 1, 0s));
}

TEST_CASE("over a minute the rate holds whatever the asking") {
  TokenBucket bucket;
  int taken = 0;
  for (FineDuration now = 0s; now < 60s; now += 7ms) {
    if (!take_token(bucket, 3, now)) ++taken;
  }
  CHECK(taken == 3 + 3 * 60 - 1);
}

TEST_CASE("a rate that is not above zero is no limit") {
  TokenBucket bucket;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(take_token(bucket, 0, 0s));
    CHECK_FALSE(take_token(bucket, -1, 0s));
  }
}

TEST_CASE("time that stands still or goes back earns nothing and takes nothing") {
  TokenBucket bucket;
  CHECK_FALSE(take_token(bucket, 1, 100s));
  CHECK(take_token(bucket, 1, 50s) == 1s);
  CHECK_FALSE(take_token(bucket, 1, 51s));
}

TEST_CASE("those who wait get places one after the other") {
  WaitingLine line;
  CHECK(next_place(line, 100ms, 10ms, 5s) == 100ms);
  CHECK(next_place(line, 100ms, 10ms, 5s) == 110ms);
  CHECK(next_place(line, 100ms, 10ms, 5s) == 120ms);
  CHECK(next_place(line, 100ms, 10ms, 6s) == 100ms);
}

TEST_CASE("nobody waits longer than the longest line") {
  WaitingLine line;
  FineDuration place{};
  for (int i = 0; i < 1000; ++i) place = next_place(line, 1s, 1s, 5s);
  CHECK(place == kLongestLine);
  CHECK(next_place(line, 90s, 1s, 5s) == 90s);
}
