// What the dispatcher knows of one endpoint: how much of it is under way, what waits
// for it, and whether it may be bothered at all.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/endpoint_health.h"
#include "webhookcore/core/lane_width.h"
#include "webhookcore/core/rate_limit.h"
#include "webhookcore/engine/endpoint_cache.h"
#include "webhookcore/engine/options.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

// Both clocks at one instant: the wall for what is stored, the other for waits.
struct Moment {
  TimePoint wall;
  Duration monotonic;
};

// A claimed delivery on its way to its endpoint.
struct ReadyDelivery {
  ClaimedDelivery claimed;
  std::shared_ptr<const PreparedEndpoint> endpoint;  // nullptr: deleted meanwhile.
  Duration claimed_at{};                             // Monotonic.
};

struct Lane {
  std::size_t in_flight = 0;
  LaneWidth width = {};
  std::deque<ReadyDelivery> parked = {};  // By rank, in each as they came.
  // As stored, from the first claim on and whenever the endpoint was enabled again; since
  // then as this engine's own attempts changed it.
  EndpointHealth health = {};
  bool health_is_known = false;
  TokenBucket bucket = {};
  std::array<WaitingLine, kPriorities> lines = {};  // A higher priority queues behind its like.
  // Running mean of an attempt's length: how fast the lane moves.
  std::chrono::microseconds mean_duration{std::chrono::milliseconds{5}};
  // The endpoint as it was when an attempt disabled it: what was claimed under it is not
  // started any more. Held so that its address cannot come again.
  std::shared_ptr<const PreparedEndpoint> gone = {};
};

// How many attempts may be under way there at once.
std::size_t width_of(const Lane& lane, const EngineOptions& options);

// Why an attempt may not start now.
struct Refused {
  TimePoint until;
  bool by_breaker = false;
};

// Takes over what the store knows of the endpoint, where that is news.
void learn_health(Lane& lane, const PreparedEndpoint& endpoint);

// Asks breaker and rate limit, and takes a token when both agree. `is_probe` says
// whether the attempt is the breaker's probe.
std::optional<Refused> admit(Lane& lane, const ReadyDelivery& delivery,
                             const EngineOptions& options, Moment now, bool& is_probe);

// When a delivery may come back that finds the lane and its parking full; `busy_lanes` are in
// the same case. Rather too early than too late, for the endpoint may get faster: who comes too
// early is put back again, and of all lanes at most a thousand do so in a second.
TimePoint place_behind(Lane& lane, int rank, const EngineOptions& options, std::size_t busy_lanes,
                       Moment now);

// After each attempt that was not broken off by us.
void note_length(Lane& lane, const TransferResult& result, const EngineOptions& options);

HealthRule health_rule(const Endpoint& endpoint, const EngineOptions& options);

}  // namespace webhookcore
