#include "webhookcore/core/backlog_room.h"

namespace webhookcore {

void BacklogRoom::set_most(std::int64_t most) {
  most_ = most;
  counted_ = false;
}

bool BacklogRoom::is_stale(TimePoint now) const {
  if (most_ == 0) return false;
  // Behind the count: the clock was set back.
  if (!counted_ || now < counted_at_) return true;
  return now - counted_at_ >= (is_full() ? kFreshWhenFull : kFresh);
}

void BacklogRoom::set_count(std::int64_t count, TimePoint now) {
  count_ = count;
  counted_ = true;
  counted_at_ = now;
}

}  // namespace webhookcore
