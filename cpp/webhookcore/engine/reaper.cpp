#include "webhookcore/engine/reaper.h"

namespace webhookcore {

namespace {

// How much of what was set back while nobody ran may go unseen: waits that are as much longer.
constexpr Duration kNoteEvery = std::chrono::minutes{1};

}  // namespace

Result<std::size_t> Reaper::step(TimePoint now, Duration monotonic) {
  const auto mended = mend_after_jump(now, monotonic);
  if (!mended.ok()) return mended.error();
  if (last_ && monotonic - *last_ < every_) return std::size_t{0};
  auto reaped = store_.reap_deliveries(now);
  if (reaped.ok()) last_ = monotonic;
  return reaped;
}

// Before the sweep, which would take a lease for over that only the clock has passed.
Result<void> Reaper::mend_after_jump(TimePoint now, Duration monotonic) {
  const Duration jump = watch_.step(now, monotonic);
  if (jump > Duration::zero()) ahead_ += jump;
  if (jump < Duration::zero()) went_back_ = true;
  if (!has_looked_back_) {
    // It may also have been set back while nobody ran.
    const auto earlier = store_.knows_later_than(now);
    if (!earlier.ok()) return earlier.error();
    went_back_ = went_back_ || *earlier;
    has_looked_back_ = true;
  }
  if (ahead_ > Duration::zero()) {
    if (auto done = store_.extend_leases(ahead_); !done.ok()) return done;
    ahead_ = Duration::zero();
  }
  if (went_back_) {
    if (const auto done = store_.restart_waits(now); !done.ok()) return done.error();
    went_back_ = false;
    noted_.reset();
  }
  return {};
}

Result<void> Reaper::note_time(TimePoint now, Duration monotonic) {
  if (noted_ && monotonic - *noted_ < kNoteEvery) return {};
  if (auto done = store_.note_time(now); !done.ok()) return done;
  noted_ = monotonic;
  return {};
}

}  // namespace webhookcore
