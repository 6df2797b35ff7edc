#include "webhookcore/engine/dispatcher.h"

#include <algorithm>
#include <utility>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/engine/attempt_request.h"

namespace webhookcore {

namespace {

// A claim must outlive its attempt by at least this.
constexpr Duration kLeaseMargin = std::chrono::seconds{2};

// Enough to keep a lane busy until the next claim, few enough to leave no one else's
// work lying here.
std::size_t most_parked(const EngineOptions& options) {
  return 2 * options.max_in_flight_per_endpoint;
}

}  // namespace

void Dispatcher::take(std::vector<ReadyDelivery> batch, Moment now) {
  for (ReadyDelivery& delivery : batch) take_one(std::move(delivery), now);
}

void Dispatcher::take_one(ReadyDelivery delivery, Moment now) {
  if (!delivery.endpoint) {
    orders_.cancels.push_back(delivery.claimed.key);
    return put_back(delivery, now.wall);
  }
  Lane& lane = lanes_[delivery.claimed.endpoint_id];
  learn_health(lane, *delivery.endpoint);
  if (is_stale(lane, delivery, now)) return put_back(delivery, now.wall);
#ifdef WEBHOOKCORE_MUTANT_MARK_BEFORE_SEND
  conclude({delivery, now.wall, false}, TransferResult{.status = 200}, now);
#endif
  if (lane.parked.empty() && can_start(lane, delivery))
    return start(lane, std::move(delivery), now);
  park(lane, std::move(delivery), now);
}

// An endpoint in order gets one at a time: the store lets only one go, but may have let
// several go before the order was asked for.
bool Dispatcher::can_start(const Lane& lane, const ReadyDelivery& delivery) const {
  const std::size_t most = delivery.endpoint->row.fifo ? 1 : width_of(lane, options_);
  return under_way_.size() < options_.max_in_flight && lane.in_flight < most;
}

// Claimed too long ago to be sent within its lease, or under an endpoint that does not
// want it any more, or one of whose secrets has expired meanwhile: the next claim signs
// without it. Or expired itself: the next claim cancels it.
bool Dispatcher::is_stale(const Lane& lane, const ReadyDelivery& delivery, Moment now) const {
  const Endpoint& row = delivery.endpoint->row;
  const Duration held = now.monotonic - delivery.claimed_at;
  const auto good_until = delivery.endpoint->good_until;
  return closed_ || row.state == EndpointState::disabled || lane.gone == delivery.endpoint ||
         (good_until && *good_until <= now.wall) ||
         held + row.timeout + kLeaseMargin > options_.lease ||
         has_expired(delivery.claimed.expires_at, now.wall);
}

void Dispatcher::park(Lane& lane, ReadyDelivery delivery, Moment now) {
  const bool full = lane.parked.size() >= most_parked(options_) ||
                    parked_ >= options_.max_in_flight + options_.prefetch;
  const int rank = delivery.claimed.rank;
  // Where it is full the last one gives its place up, but only to one of a better rank.
  if (full && (lane.parked.empty() || lane.parked.back().claimed.rank <= rank)) {
    return put_behind(lane, delivery, now);
  }
  if (lane.parked.empty()) waiting_.push_back(&lane);
  const auto place = std::upper_bound(
      lane.parked.begin(), lane.parked.end(), rank,
      [](int mine, const ReadyDelivery& other) { return mine < other.claimed.rank; });
  lane.parked.insert(place, std::move(delivery));
  if (!full) {
    ++parked_;
    return;
  }
  put_behind(lane, lane.parked.back(), now);
  lane.parked.pop_back();
}

// It is due, and comes back as soon as its endpoint should have room.
void Dispatcher::put_behind(Lane& lane, const ReadyDelivery& delivery, Moment now) {
  const TimePoint at = place_behind(lane, delivery.claimed.rank, options_, waiting_.size(), now);
  orders_.busy_until = std::max(orders_.busy_until, at);
  put_back(delivery, at);
  orders_.put_backs.back().lacked_room = true;
}

void Dispatcher::start(Lane& lane, ReadyDelivery delivery, Moment now) {
  bool is_probe = false;
  if (const auto refused = admit(lane, delivery, options_, now, is_probe)) {
    return put_back(delivery, refused->until, refused->by_breaker);
  }
#ifdef WEBHOOKCORE_MUTANT_NEW_ID_PER_ATTEMPT
  if (delivery.claimed.attempts > 0) delivery.claimed.message.id += "_again";
#endif
  auto request = make_attempt_request(*delivery.endpoint, delivery.claimed.message, now.wall);
  UnderWay attempt{std::move(delivery), now.wall, is_probe};
  if (const auto* refused = std::get_if<Unsendable>(&request)) {
    if (is_probe) abandon_probe(lane.health.breaker);
    TransferResult unsent{.error = refused->error};
    unsent.error_text = refused->why;
    return conclude(attempt, std::move(unsent), now);
  }
  const TransferId id = ++last_id_;
  orders_.starts.push_back({id, std::get<HttpAttempt>(std::move(request))});
  under_way_.emplace(id, std::move(attempt));
  ++lane.in_flight;
}

void Dispatcher::finish(TransferResult result, Moment now) {
  const auto found = under_way_.find(result.id);
  if (found == under_way_.end()) return;
  const UnderWay attempt = std::move(found->second);
  under_way_.erase(found);
  Lane& lane = lanes_[attempt.delivery.claimed.endpoint_id];
  --lane.in_flight;
  if (was_cancelled(result)) {
    if (attempt.is_probe) abandon_probe(lane.health.breaker);
    return put_back(attempt.delivery, now.wall);
  }
  note_length(lane, result, options_);
  const HealthStep step = note_health(lane, attempt, result, now);
#ifndef WEBHOOKCORE_MUTANT_MARK_BEFORE_SEND
  conclude(attempt, std::move(result), now, step);
#endif
}

// What is parked meets an open breaker in the next step and goes back.
HealthStep Dispatcher::note_health(Lane& lane, const UnderWay& attempt,
                                   const TransferResult& result, Moment now) {
  const Endpoint& endpoint = attempt.delivery.endpoint->row;
  const Outcome outcome = judge(result.status, result.error, endpoint.client_errors);
  // From before the endpoint was enabled again: of no interest for what it is now.
  if (attempt.delivery.endpoint->health.epoch < lane.health.epoch) return {};
  const HealthStep step = record_attempt(lane.health, health_rule(endpoint, options_), outcome,
                                         result.status, now.wall);
  if (outcome == Outcome::gone || step.disables) {
    lane.gone = attempt.delivery.endpoint;
    put_back_parked(lane, now.wall);
  }
  return step;
}

// A shutdown is not the receiver's fault. Where its answer had come, it counts.
bool Dispatcher::was_cancelled(const TransferResult& result) const {
  return result.error == TransportError::cancelled && !result.status;
}

void Dispatcher::conclude(const UnderWay& attempt, TransferResult result, Moment now,
                          std::optional<HealthStep> step) {
  ConcludedAttempt concluded = conclude_attempt({.delivery = attempt.delivery.claimed,
                                                 .endpoint = attempt.delivery.endpoint->row,
                                                 .retry_after_max = options_.retry_after_max,
                                                 .started_at = attempt.started_at,
                                                 .now = now.wall,
                                                 .draw = random_.draw()},
                                                std::move(result));
  // What was sent before the endpoint was enabled again does not disable it.
  if (step && !step->changed) concluded.record.disable_reason.clear();
  if (step && step->changed) {
    const Lane& lane = lanes_[attempt.delivery.claimed.endpoint_id];
    concluded.record.health = {lane.health, step->opened, step->closed};
    if (step->disables && concluded.record.disable_reason.empty()) {
      concluded.record.disable_reason = "failing";
    }
  }
  orders_.attempts.push_back(std::move(concluded));
}

Orders Dispatcher::step(Moment now) {
  bool moved = true;
  while (moved) {  // One for each lane in turn, so that a deep one does not go first.
    moved = false;
    for (Lane* lane : waiting_) moved = start_one_parked(*lane, now) || moved;
    std::erase_if(waiting_, [](const Lane* lane) { return lane->parked.empty(); });
  }
  return std::exchange(orders_, {});
}

bool Dispatcher::start_one_parked(Lane& lane, Moment now) {
  if (lane.parked.empty() || !can_start(lane, lane.parked.front())) return false;
  ReadyDelivery delivery = std::move(lane.parked.front());
  lane.parked.pop_front();
  --parked_;
  if (is_stale(lane, delivery, now)) {
    put_back(delivery, now.wall);
  } else {
    start(lane, std::move(delivery), now);
  }
  return true;
}

void Dispatcher::close(Moment now) {
  closed_ = true;
  for (Lane* lane : std::exchange(waiting_, {})) put_back_parked(*lane, now.wall);
}

void Dispatcher::put_back(const ReadyDelivery& delivery, TimePoint at, bool behind_breaker) {
  orders_.put_backs.push_back({delivery.claimed.key, delivery.claimed.token, at, behind_breaker});
}

void Dispatcher::put_back_parked(Lane& lane, TimePoint at) {
  parked_ -= lane.parked.size();
  std::erase(waiting_, &lane);
  for (const ReadyDelivery& delivery : std::exchange(lane.parked, {})) put_back(delivery, at);
}

// What only the number of attempts under way, and not its own endpoint, holds up.
std::size_t Dispatcher::runnable_parked() const {
  std::size_t runnable = 0;
  for (const Lane* lane : waiting_) {
    const std::size_t most = width_of(*lane, options_);
    runnable += std::min(lane->parked.size(), most - std::min(most, lane->in_flight));
  }
  return runnable;
}

std::size_t Dispatcher::room() const {
  const std::size_t wanted = options_.max_in_flight + options_.prefetch;
  const std::size_t held = under_way_.size() + runnable_parked();
  return closed_ ? 0 : wanted - std::min(wanted, held);
}

}  // namespace webhookcore
