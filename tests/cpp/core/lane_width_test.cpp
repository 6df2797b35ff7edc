#include "webhookcore/core/lane_width.h"

#include "catch.h"

using namespace webhookcore;

namespace {

LaneWidth after(LaneWidth width, int answered, int silent, std::size_t most) {
  for (int i = 0; i < answered; ++i) note_attempt(width, true, most);
  for (int i = 0; i < silent; ++i) note_attempt(width, false, most);
  return width;
}

}  // namespace

TEST_CASE("a lane begins with four places and gets one more with each answer") {
  CHECK(LaneWidth{}.within(16) == 4);
  CHECK(after({}, 3, 0, 16).within(16) == 7);
  CHECK(after({}, 100, 0, 16).within(16) == 16);
}

TEST_CASE("each attempt without an answer halves it, down to two places") {
  const LaneWidth wide = after({}, 100, 0, 16);
  CHECK(after(wide, 0, 1, 16).within(16) == 8);
  CHECK(after(wide, 0, 2, 16).within(16) == 4);
  CHECK(after(wide, 0, 100, 16).within(16) == 2);
}

TEST_CASE("answers that never needed the whole width do not save up for later") {
  const LaneWidth wide = after({}, 10'000, 0, 8);
  CHECK(after(wide, 0, 1, 8).within(8) == 4);
}

TEST_CASE("it is never above what is allowed, even where that is less than it begins with") {
  CHECK(LaneWidth{}.within(1) == 1);
  CHECK(after({}, 0, 5, 1).within(1) == 1);
  CHECK(after({}, 5, 0, 1).within(1) == 1);
}
