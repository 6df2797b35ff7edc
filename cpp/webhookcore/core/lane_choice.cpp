#include "webhookcore/core/lane_choice.h"

#include <algorithm>

namespace webhookcore {

namespace {

// The lanes with how far each was taken.
class Heads {
 public:
  Heads(std::span<const DueLane> lanes, std::vector<std::size_t> rooms)
      : lanes_(lanes), rooms_(std::move(rooms)), taken_(lanes.size()) {}

  ClaimTurns::HasDue has_due() const {
    ClaimTurns::HasDue has_due{};
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (is_open(i)) has_due[place_of(i)] = true;
    }
    return has_due;
  }

  std::int64_t take_oldest(int rank) {
    std::size_t oldest = lanes_.size();
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (!is_open(i) || place_of(i) != static_cast<std::size_t>(rank)) continue;
      if (oldest == lanes_.size() || is_before(head(i), head(oldest))) oldest = i;
    }
    const std::int64_t key = head(oldest).key;
    ++taken_[oldest];
    --rooms_[lanes_[oldest].source];
    return key;
  }

 private:
  static bool is_before(const DueRow& one, const DueRow& other) {
    return one.due_at != other.due_at ? one.due_at < other.due_at : one.key < other.key;
  }
  bool is_open(std::size_t lane) const {
    return taken_[lane] < lanes_[lane].rows.size() && rooms_[lanes_[lane].source] > 0;
  }
  // A rank that nobody wrote is the last one.
  std::size_t place_of(std::size_t lane) const {
    return static_cast<std::size_t>(std::clamp(lanes_[lane].rank, 0, kRanks - 1));
  }
  const DueRow& head(std::size_t lane) const { return lanes_[lane].rows[taken_[lane]]; }

  std::span<const DueLane> lanes_;
  std::vector<std::size_t> rooms_;
  std::vector<std::size_t> taken_;
};

}  // namespace

std::vector<std::int64_t> choose_due(std::span<const DueLane> lanes, std::vector<std::size_t> rooms,
                                     ClaimTurns& turns, std::size_t limit) {
  Heads heads(lanes, std::move(rooms));
  std::vector<std::int64_t> chosen;
  while (chosen.size() < limit) {
    const int rank = turns.next(heads.has_due());
    if (rank == kRanks) break;
    chosen.push_back(heads.take_oldest(rank));
  }
  return chosen;
}

}  // namespace webhookcore
