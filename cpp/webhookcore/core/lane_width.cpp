#include "webhookcore/core/lane_width.h"

namespace webhookcore {

void note_attempt(LaneWidth& width, bool answered, std::size_t most) {
  const std::size_t before = width.within(most);
  width.wanted = answered ? before + 1 : std::max(kLeastLaneWidth, before / 2);
}

}  // namespace webhookcore
