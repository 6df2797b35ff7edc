#include "webhookcore/core/keyed_buckets.h"

#include <string>

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

TEST_CASE("each key has a bucket of its own") {
  KeyedBuckets buckets(2, 10);
  CHECK_FALSE(buckets.take("a", 5s));
  CHECK_FALSE(buckets.take("a", 5s));
  CHECK(buckets.take("a", 5s) == 500ms);
  CHECK_FALSE(buckets.take("b", 5s));
  CHECK_FALSE(buckets.take("a", 5s + 500ms));
}

TEST_CASE("no more keys are kept than there is room for") {
  KeyedBuckets buckets(1, 100);
  for (int i = 0; i < 10'000; ++i) CHECK_FALSE(buckets.take("key " + std::to_string(i), 1s));
  CHECK(buckets.size() == 100);
}

TEST_CASE("a key that asks again and again is not forgotten for others' sake") {
  KeyedBuckets buckets(1, 3);
  CHECK_FALSE(buckets.take("flood", 1s));
  for (int i = 0; i < 50; ++i) {
    CHECK_FALSE(buckets.take("key " + std::to_string(i), 1s));
    CHECK(buckets.take("flood", 1s) == 1s);
  }
}

TEST_CASE("a key that was forgotten begins anew") {
  KeyedBuckets buckets(1, 1);
  CHECK_FALSE(buckets.take("a", 1s));
  CHECK(buckets.take("a", 1s) == 1s);
  CHECK_FALSE(buckets.take("b", 1s));
  CHECK_FALSE(buckets.take("a", 1s));
}

TEST_CASE("room for none is room for one") {
  KeyedBuckets buckets(1, 0);
  CHECK_FALSE(buckets.take("a", 1s));
  CHECK(buckets.take("a", 1s) == 1s);
}
