#include "webhookcore/core/inbox_room.h"

#include <string>

namespace webhookcore {

void InboxRoom::set_most(std::int64_t most) {
  most_ = most;
  counted_ = false;
}

bool InboxRoom::is_stale(TimePoint now) const {
  if (most_ == 0) return false;
  // Behind the count: the clock was set back.
  if (!counted_ || now < counted_at_) return true;
  return now - counted_at_ >= (is_full() ? kFreshWhenFull : kFresh);
}

void InboxRoom::set_count(std::int64_t count, TimePoint now) {
  count_ = count;
  counted_ = true;
  counted_at_ = now;
}

Error InboxRoom::refusal() const {
  return {ErrorCode::store_full,
          std::to_string(most_) + " events or more wait for their handlers (max_backlog)",
          "max_backlog"};
}

}  // namespace webhookcore
