#include "webhookcore/core/claim_order.h"

#include <string>

#include "catch.h"

using namespace webhookcore;

namespace {

constexpr ClaimTurns::HasDue kAll = {true, true, true, true, true, true};

// The ranks of so many claims, as digits.
std::string claims(ClaimTurns& turns, const ClaimTurns::HasDue& due, int count) {
  std::string ranks;
  for (int i = 0; i < count; ++i) ranks += std::to_string(turns.next(due));
  return ranks;
}

}  // namespace

TEST_CASE("a rank is the priority, and within it first attempts before retries") {
  CHECK(rank_of(Priority::high, 0) == 0);
  CHECK(rank_of(Priority::high, 1) == 1);
  CHECK(rank_of(Priority::normal, 0) == 2);
  CHECK(rank_of(Priority::normal, 7) == 3);
  CHECK(rank_of(Priority::low, 0) == 4);
  CHECK(rank_of(Priority::low, 1) == 5);
  for (int rank = 0; rank < kRanks; ++rank) {
    CHECK(rank_of(priority_of(rank), rank % 2) == rank);
  }
}

TEST_CASE("the names of priorities can be read back") {
  for (const auto priority : {Priority::high, Priority::normal, Priority::low}) {
    CHECK(parse_priority(to_string(priority)) == priority);
  }
  CHECK_FALSE(parse_priority("urgent"));
}

TEST_CASE("the first rank that has something due goes, but for one claim in eight") {
  ClaimTurns turns;
  CHECK(claims(turns, kAll, 16) == "0000000100000002");
  ClaimTurns other;
  CHECK(claims(other, {false, false, true, true, false, false}, 16) == "2222222322222223");
}

TEST_CASE("a rank alone, or none, needs no turns") {
  ClaimTurns turns;
  CHECK(claims(turns, {false, false, false, false, true, false}, 16) == "4444444444444444");
  CHECK(turns.next({}) == kRanks);
}

TEST_CASE("no rank starves: with all at work each has a claim in every forty") {
  ClaimTurns turns;
  const std::string ranks = claims(turns, kAll, 400);
  for (int rank = 1; rank < kRanks; ++rank) {
    for (std::size_t start = 0; start + 40 <= ranks.size(); ++start) {
      CHECK(ranks.substr(start, 40).find(std::to_string(rank)) != std::string::npos);
    }
  }
}

TEST_CASE("a rank whose neighbours come and go is not passed over") {
  ClaimTurns turns;
  ClaimTurns::HasDue due = {true, false, true, false, false, true};
  int last = 0;
  for (int claim = 1; claim <= 4000; ++claim) {
    due[1] = claim % 16 < 8;
    due[2] = claim % 24 < 12;
    due[4] = claim % 3 != 0;
    if (turns.next(due) == 5) last = claim;
    REQUIRE(claim - last < 40);
  }
}
