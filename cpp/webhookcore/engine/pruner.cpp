#include "webhookcore/engine/pruner.h"

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

// Of writing in one transaction; whoever waits for the store waits no longer than this.
constexpr Duration kBudget = 3ms;
// Between two pieces, for the others.
constexpr Duration kPause = 50ms;
// What a short run need not do.
constexpr Duration kFirstPause = 2s;
constexpr Duration kJump = 1h;
// Free pages that stay in the file, 4 MiB: what is written next finds room.
constexpr std::int64_t kKeptPages = 1024;
constexpr std::int64_t kPagesAtOnce = 128;
constexpr std::size_t kEndpointsAtOnce = 50;

}  // namespace

Result<void> Pruner::step(TimePoint now, Duration monotonic) {
  if (!is_time(now, monotonic)) return {};
  next_at_ = monotonic + kPause;
  const auto done = work(now);
  if (done.ok() && !*done) return {};
  const bool pass_is_over = !done.ok() || task_ == Task::reseal;
  task_ = pass_is_over ? Task::prune : static_cast<Task>(static_cast<int>(task_) + 1);
  if (pass_is_over) {
    place_ = {};
    next_at_ = monotonic + options_.prune_every;
  }
  return done.ok() ? Result<void>() : Result<void>(done.error());
}

bool Pruner::is_time(TimePoint now, Duration monotonic) {
  const Duration offset = now.time_since_epoch() - monotonic;
  const bool jumped = offset_ && (offset - *offset_ > kJump || *offset_ - offset > kJump);
  if (!next_at_) next_at_ = monotonic + kFirstPause;
  if (jumped) next_at_ = monotonic + kJump;
  if (jumped || !offset_) offset_ = offset;
  return monotonic >= *next_at_;
}

Result<bool> Pruner::work(TimePoint now) {
  Pruned pruned;
  switch (task_) {
    case Task::prune:
      return store_.prune(limits(now), place_, pruned, now, kBudget);
    case Task::give_back: {
      const auto more = store_.give_back_pages(kPagesAtOnce, kKeptPages);
      if (!more.ok()) return more.error();
      return !*more;
    }
    case Task::reseal:
      break;
  }
  const auto resealed = store_.reseal(resealed_to_, kEndpointsAtOnce);
  // The key watch tells of it; meanwhile the rest of the upkeep goes on.
  if (!resealed.ok() && resealed.error().code == ErrorCode::wrong_store_key) {
    resealed_to_ = 0;
    return true;
  }
  if (!resealed.ok()) return resealed.error();
  return resealed_to_ == 0;
}

PruneLimits Pruner::limits(TimePoint now) const {
  const auto before = [now](const std::optional<Duration>& kept) {
    return kept ? std::optional(now - *kept) : std::nullopt;
  };
  const Retention& retention = options_.retention;
  return {before(retention.messages), before(retention.attempts), before(retention.inbox)};
}

}  // namespace webhookcore
