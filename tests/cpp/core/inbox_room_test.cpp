#include "webhookcore/core/inbox_room.h"

#include <chrono>

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kStart = from_unix_ms(1'700'000'000'000);

}  // namespace

TEST_CASE("without a bound nothing is counted and there is room") {
  InboxRoom room;
  CHECK_FALSE(room.is_stale(kStart));
  room.add(1'000'000);
  CHECK_FALSE(room.is_full());
}

TEST_CASE("a count is good for a tenth of a second, and less where there was no room") {
  InboxRoom room;
  room.set_most(3);
  CHECK(room.is_stale(kStart));
  room.set_count(1, kStart);
  CHECK_FALSE(room.is_stale(kStart + 99ms));
  CHECK(room.is_stale(kStart + 100ms));
  room.add(2);
  CHECK(room.is_full());
  CHECK_FALSE(room.is_stale(kStart + 19ms));
  CHECK(room.is_stale(kStart + 20ms));
  room.add(-1);
  CHECK_FALSE(room.is_full());
}

TEST_CASE("a clock that was set back, or a new bound, makes the count stale") {
  InboxRoom room;
  room.set_most(3);
  room.set_count(3, kStart);
  CHECK(room.is_stale(kStart - 1h));
  room.set_most(4);
  CHECK(room.is_stale(kStart));
  CHECK(room.refusal().code == ErrorCode::store_full);
}
