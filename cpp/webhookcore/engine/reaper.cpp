#include "webhookcore/engine/reaper.h"

namespace webhookcore {

Result<std::size_t> Reaper::step(TimePoint now, Duration monotonic) {
  if (last_ && monotonic - *last_ < every_) return std::size_t{0};
  last_ = monotonic;
  return store_.reap_deliveries(now);
}

}  // namespace webhookcore
