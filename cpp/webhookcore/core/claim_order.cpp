#include "webhookcore/core/claim_order.h"

#include <algorithm>

namespace webhookcore {

namespace {

constexpr std::array<std::string_view, kPriorities> kNames = {"high", "normal", "low"};

}  // namespace

std::string_view to_string(Priority priority) { return kNames[static_cast<std::size_t>(priority)]; }

std::optional<Priority> parse_priority(std::string_view text) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Priority>(found - kNames.begin());
}

int rank_of(Priority priority, int budget_used) {
  return 2 * static_cast<int>(priority) + (budget_used > 0 ? 1 : 0);
}

Priority priority_of(int rank) {
  return static_cast<Priority>(std::clamp(rank, 0, kRanks - 1) / 2);
}

int ClaimTurns::next(const HasDue& due) {
  const auto* const first = std::find(due.begin(), due.end(), true);
  const auto top = static_cast<int>(first - due.begin());
  if (top == kRanks) return kRanks;
  ++claims_;
  if (claims_ % kReservedEvery != 0) return top;
  int chosen = top;
  for (int rank = top + 1; rank < kRanks; ++rank) {
    const auto place = static_cast<std::size_t>(rank);
    if (!due[place]) continue;
    if (chosen == top || last_turn_[place] < last_turn_[static_cast<std::size_t>(chosen)]) {
      chosen = rank;
    }
  }
  if (chosen != top) last_turn_[static_cast<std::size_t>(chosen)] = claims_;
  return chosen;
}

}  // namespace webhookcore
