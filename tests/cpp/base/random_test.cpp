#include "webhookcore/base/random.h"

#include <array>

#include "catch.h"
#include "webhookcore/base/clock.h"

using namespace webhookcore;

TEST_CASE("a seed gives the same sequence, on every machine") {
  SeededRandom random(1234567);
  // The first outputs that SplitMix64's reference code prints for this seed.
  CHECK(random.draw() == 6457827717110365317U);
  CHECK(random.draw() == 3203168211198807973U);
  SeededRandom again(1234567);
  CHECK(again.bytes(5) == SeededRandom(1234567).bytes(5));
  CHECK(SeededRandom(1).bytes(16) != SeededRandom(2).bytes(16));
}

TEST_CASE("the system's randomness fills every byte and does not repeat") {
  SystemRandom random;
  const std::string large = random.bytes(100'000);
  std::array<int, 256> counts{};
  for (const char byte : large) ++counts[static_cast<unsigned char>(byte)];
  for (const int count : counts) CHECK((count > 200 && count < 600));
  CHECK(random.bytes(32) != random.bytes(32));
  CHECK(random.bytes(0).empty());
}

TEST_CASE("the system clock is past 2024 and its monotonic side does not go back") {
  const SystemClock clock;
  CHECK(to_unix_ms(clock.now()) > 1'704'067'200'000);
  const Duration first = clock.monotonic();
  CHECK(clock.monotonic() >= first);
}

TEST_CASE("a manual clock stands still until it is told otherwise") {
  using namespace std::chrono_literals;
  ManualClock clock(TimePoint{100s});
  CHECK(clock.now() == TimePoint{100s});
  clock.advance(5s);
  CHECK(clock.now() == TimePoint{105s});
  CHECK(clock.monotonic() == 105s);
}
