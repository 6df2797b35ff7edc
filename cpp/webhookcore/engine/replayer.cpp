#include "webhookcore/engine/replayer.h"

namespace webhookcore {

namespace {

constexpr std::size_t kBatch = 200;
// Between two looks at what is due.
constexpr int kBatchesAtOnce = 5;

}  // namespace

Result<void> Replayer::step(TimePoint now, Duration monotonic) {
  if (!job_) {
    if (last_look_ && monotonic - *last_look_ < every_) return {};
    last_look_ = monotonic;
    const auto found = store_.find_abandoned_replay(now);
    if (!found.ok()) return found.error();
    if (!*found) return {};
    job_ = (*found)->key;
  }
  for (int batch = 0; batch < kBatchesAtOnce && job_; ++batch) {
    const auto worked = store_.work_replay(*job_, kBatch, now);
    const bool goes_on = worked.ok() && worked->state == ReplayJobState::running;
    if (!goes_on) job_.reset();
    // Somebody else was faster, or it was pruned.
    const bool is_trouble = !worked.ok() && worked.error().code != ErrorCode::store_busy &&
                            worked.error().code != ErrorCode::not_found;
    if (is_trouble) return worked.error();
  }
  return {};
}

}  // namespace webhookcore
