// What the engine is told when it is made.
#pragma once

#include <cstddef>
#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/watch_rules.h"

namespace webhookcore {

// How long what has come to its end is kept; absent: for ever.
struct Retention {
  std::optional<Duration> messages = {};  // With their deliveries and attempts.
  std::optional<Duration> attempts = {};
  std::optional<Duration> inbox = {};
};

struct EngineOptions {
  Duration lease{std::chrono::minutes{6}};  // Longer than the longest attempt (300 s).
  std::size_t max_in_flight = 256;
  std::size_t max_in_flight_per_endpoint = 16;
  // Claimed beyond what is under way, so that claims come in batches and the loop does
  // not wait for them.
  std::size_t prefetch = 256;
  int breaker_failures = 5;  // Zero: no breaker. An endpoint's own values win.
  Duration breaker_open_for{std::chrono::minutes{5}};
  // How long an endpoint may do nothing but fail (D18); absent: as long as it likes.
  std::optional<Duration> auto_disable_after = std::chrono::hours{24 * 5};
  Duration retry_after_max{std::chrono::hours{24}};
  // How often lost claims are looked for, and what may probe an open breaker.
  Duration sweep_every{std::chrono::seconds{1}};
  WatchRule watch = {};
  Retention retention = {};
  Duration prune_every{std::chrono::minutes{1}};
};

}  // namespace webhookcore
