#include "webhookcore/core/watch_rules.h"

#include <algorithm>

namespace webhookcore {

bool is_failing(std::int64_t attempts, std::int64_t failed, const WatchRule& rule) {
  if (attempts < std::max<std::int64_t>(1, rule.failing_least)) return false;
  return static_cast<double>(failed) > rule.failing_above * static_cast<double>(attempts);
}

bool is_unusual_volume(std::int64_t recent, std::int64_t before, const WatchRule& rule) {
  constexpr double kHours = kUsualWindow / kWatchWindow;
  const double usual = static_cast<double>(before) / kHours;
  return recent >= rule.volume_least && static_cast<double>(recent) > rule.volume_factor * usual;
}

bool is_old_backlog(TimePoint due_at, TimePoint now, const WatchRule& rule) {
  return now - due_at >= rule.backlog_after;
}

bool is_old_secret(TimePoint created_at, TimePoint now, const WatchRule& rule) {
  return now - created_at >= rule.secret_after;
}

}  // namespace webhookcore
