// When rates, ages and volumes are worth telling an operator (requirement D24). Pure.
#pragma once

#include <cstdint>

#include "webhookcore/base/clock.h"

namespace webhookcore {

struct WatchRule {
  double failing_above = 0.5;       // Share of failed attempts over the last hour,
  std::int64_t failing_least = 20;  // of at least so many.
  Duration backlog_after{std::chrono::minutes{15}};
  double volume_factor = 10;           // Times what an hour of the day before had,
  std::int64_t volume_least = 10'000;  // and at least so many messages and deliveries.
  Duration secret_after{std::chrono::hours{24 * 90}};  // Requirement D7.
};

inline constexpr Duration kWatchWindow = std::chrono::hours{1};
inline constexpr Duration kUsualWindow = std::chrono::hours{24};  // Before the other.
inline constexpr Duration kKeepOperationalEvents = std::chrono::hours{24 * 30};

bool is_failing(std::int64_t attempts, std::int64_t failed, const WatchRule& rule);

// `recent`: of the last hour. `before`: of the 24 hours before it.
bool is_unusual_volume(std::int64_t recent, std::int64_t before, const WatchRule& rule);

// `due_at`: when the oldest delivery that may be claimed should have been.
bool is_old_backlog(TimePoint due_at, TimePoint now, const WatchRule& rule);

bool is_old_secret(TimePoint created_at, TimePoint now, const WatchRule& rule);

}  // namespace webhookcore
