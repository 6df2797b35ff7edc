#include "webhookcore/core/lane_choice.h"

#include <algorithm>
#include <chrono>

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;
using Keys = std::vector<std::int64_t>;

namespace {

const TimePoint kStart = from_unix_ms(1'700'000'000'000);
constexpr std::size_t kAny = SIZE_MAX;

}  // namespace

TEST_CASE("the first rank goes first, and in a rank what is due for the longest") {
  ClaimTurns turns;
  const std::vector<DueLane> lanes{{2, 0, {{kStart + 1s, 1}, {kStart + 3s, 2}}},
                                   {2, 1, {{kStart + 2s, 3}, {kStart + 3s, 1}}},
                                   {0, 1, {{kStart + 9s, 5}}}};
  CHECK(choose_due(lanes, {kAny, kAny}, turns, 9) == Keys{5, 1, 3, 1, 2});
  CHECK(choose_due(lanes, {kAny, kAny}, turns, 2) == Keys{5, 1});
}

TEST_CASE("a source's room is shared by its lanes") {
  ClaimTurns turns;
  const std::vector<DueLane> lanes{
      {0, 0, {{kStart, 1}}}, {2, 0, {{kStart, 2}, {kStart, 3}}}, {4, 1, {{kStart, 4}}}};
  CHECK(choose_due(lanes, {2, 1}, turns, 9) == Keys{1, 2, 4});
  CHECK(choose_due(lanes, {0, 0}, turns, 9).empty());
  CHECK(choose_due({}, {}, turns, 9).empty());
}

TEST_CASE("a source without room takes nobody's turn") {
  ClaimTurns turns;
  std::vector<DueRow> many;
  for (std::int64_t key = 1; key <= 20; ++key) many.push_back({kStart, key});
  const std::vector<DueLane> lanes{{0, 0, many}, {2, 1, many}, {4, 2, {{kStart, 99}}}};
  const Keys chosen = choose_due(lanes, {kAny, 0, kAny}, turns, 16);
  CHECK(std::count(chosen.begin(), chosen.end(), 99) == 1);
}

TEST_CASE("a rank that nobody wrote is the last") {
  ClaimTurns turns;
  const std::vector<DueLane> lanes{
      {77, 0, {{kStart, 1}}}, {-3, 0, {{kStart, 2}}}, {5, 0, {{kStart, 3}}}};
  CHECK(choose_due(lanes, {kAny}, turns, 9) == Keys{2, 1, 3});
}
