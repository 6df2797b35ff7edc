#include "webhookcore/core/claim_rules.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

TEST_CASE("a claim is held while its owner lives and its lease runs") {
  const TimePoint until{1'700'000'000s};
  CHECK_FALSE(claim_is_free(ClaimOwner::alive, until, until - 1ms));
  CHECK_FALSE(claim_is_free(ClaimOwner::unknown, until, until - 1ms));
}

TEST_CASE("a claim is free at once when its owner is gone") {
  const TimePoint until{1'700'000'000s};
  CHECK(claim_is_free(ClaimOwner::gone, until, until - 6min));
}

TEST_CASE("a claim is free when its lease has run out, even if the owner lives") {
  const TimePoint until{1'700'000'000s};
  CHECK(claim_is_free(ClaimOwner::alive, until, until));
  CHECK(claim_is_free(ClaimOwner::unknown, until, until + 1ms));
}

TEST_CASE("the twentieth reap of a delivery is its last") {
  CHECK(reap_signal(0) == DeliverySignal::reaped);
  CHECK(reap_signal(18) == DeliverySignal::reaped);
  CHECK(reap_signal(19) == DeliverySignal::reaped_too_often);
  CHECK(reap_signal(100) == DeliverySignal::reaped_too_often);
}

TEST_CASE("after five reaps a delivery is suspect, and eight of them are in hand at most") {
  CHECK_FALSE(is_suspect(4));
  CHECK(is_suspect(5));
  SuspectPlaces some(6);
  CHECK(some.take());
  CHECK(some.take());
  CHECK_FALSE(some.take());
  CHECK_FALSE(SuspectPlaces(kSuspectsAtOnce).take());
  CHECK_FALSE(SuspectPlaces(100).take());
}

TEST_CASE("the third crash of an inbox row is its last") {
  CHECK_FALSE(crashes_are_spent(0));
  CHECK_FALSE(crashes_are_spent(1));
  CHECK(crashes_are_spent(2));
}
