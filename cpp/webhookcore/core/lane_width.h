// How many attempts to one endpoint may be under way at once. An endpoint that answers gets
// all that is allowed; one that says nothing holds each of its places for a whole timeout,
// and so gets few of them (additive increase, multiplicative decrease: RFC 5681, section 3.1).
#pragma once

#include <algorithm>
#include <cstddef>

namespace webhookcore {

// What nobody has spoken with yet begins with, and what one that never answers keeps.
inline constexpr std::size_t kFirstLaneWidth = 4;
inline constexpr std::size_t kLeastLaneWidth = 2;

struct LaneWidth {
  std::size_t wanted = kFirstLaneWidth;

  std::size_t within(std::size_t most) const { return std::min(wanted, most); }
};

// After an attempt; `answered` whatever the status was, `most` is what is allowed.
void note_attempt(LaneWidth& width, bool answered, std::size_t most);

}  // namespace webhookcore
