// Which of the deliveries that are due goes first: by rank, and no rank starves
// (requirements D16, D17).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace webhookcore {

enum class Priority : std::uint8_t { high, normal, low };

inline constexpr std::size_t kPriorities = 3;

std::string_view to_string(Priority priority);
std::optional<Priority> parse_priority(std::string_view text);

// Lower goes first: two ranks for each priority, first attempts before retries.
inline constexpr int kRanks = 6;

// `budget_used`: failures since the last replay; without one it is a first attempt.
int rank_of(Priority priority, int budget_used);
Priority priority_of(int rank);

// Deals claims out to the ranks. Most go to the first rank that has something due; every
// kReservedEvery-th goes to one of those behind it, the one that has waited longest for
// such a turn. So with all six at work each gets at least one claim in
// kReservedEvery * (kRanks - 1), however much is due before it.
class ClaimTurns {
 public:
  static constexpr std::uint64_t kReservedEvery = 8;
  using HasDue = std::array<bool, kRanks>;

  // The rank whose oldest row is claimed next; kRanks when none has one.
  int next(const HasDue& due);

 private:
  std::uint64_t claims_ = 0;
  std::array<std::uint64_t, kRanks> last_turn_{};  // Reserved ones, in claims.
};

}  // namespace webhookcore
