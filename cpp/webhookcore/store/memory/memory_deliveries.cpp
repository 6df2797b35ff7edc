#include <algorithm>
#include <set>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/core/clock_jump.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

Error no_such_delivery(std::int64_t key) {
  return {ErrorCode::not_found, "there is no delivery " + std::to_string(key)};
}

Error not_possible(const Delivery& row, std::string_view what) {
  return {ErrorCode::conflict, "delivery " + std::to_string(row.key) + " is " +
                                   std::string(to_string(row.state)) + " and cannot be " +
                                   std::string(what)};
}

Error expired(std::int64_t delivery) {
  return {ErrorCode::conflict,
          "delivery " + std::to_string(delivery) + " has expired; force sends it nevertheless",
          "expires_at"};
}

}  // namespace

const Endpoint* MemoryStore::endpoint_of(const DeliveryEntry& entry) const {
  const auto found = rows_.endpoints.find(entry.row.endpoint_id);
  return found == rows_.endpoints.end() ? nullptr : &found->second;
}

MemoryStore::Lines MemoryStore::lines() const {
  Lines first;
  std::map<std::string, std::int64_t> first_message;
  std::set<std::string> busy;
  for (const auto& [key, entry] : rows_.deliveries) {
    const Endpoint* endpoint = endpoint_of(entry);
    if (endpoint == nullptr || !endpoint->fifo) continue;
    if (entry.row.state == DeliveryState::in_flight) busy.insert(endpoint->id);
    if (entry.row.state == DeliveryState::pending) {
      const auto [place, is_new] = first_message.try_emplace(endpoint->id, entry.message);
      if (!is_new && place->second < entry.message) continue;
      place->second = entry.message;
      first[endpoint->id] = key;
    }
  }
  for (const std::string& id : busy) first.erase(id);
  return first;
}

bool MemoryStore::is_claimable(const DeliveryEntry& entry, const Lines& lines) const {
  const Endpoint* endpoint = endpoint_of(entry);
  if (entry.row.state != DeliveryState::pending || entry.behind_breaker || endpoint == nullptr ||
      endpoint->state != EndpointState::enabled) {
    return false;
  }
  if (!endpoint->fifo) return true;
  const auto first = lines.find(endpoint->id);
  return first != lines.end() && first->second == entry.row.key;
}

void MemoryStore::settle(DeliveryEntry& entry, DeliveryState state,
                         std::optional<TimePoint> next_attempt_at, TimePoint now) {
  const bool waits = state == DeliveryState::pending;
  if (waits && endpoint_of(entry) == nullptr) {
    state = find_transition(state, DeliverySignal::cancelled)->to;
    next_attempt_at = std::nullopt;
  }
  entry.row.state = state;
  entry.row.next_attempt_at = next_attempt_at;
  entry.row.updated_at = now;
  entry.token.clear();
  entry.behind_breaker = false;
}

DeliveryEntry* MemoryStore::held(std::int64_t delivery, const LeaseToken& token) {
  const auto found = rows_.deliveries.find(delivery);
  const bool is_held = found != rows_.deliveries.end() &&
                       found->second.row.state == DeliveryState::in_flight &&
                       found->second.token == token.value;
  return is_held ? &found->second : nullptr;
}

std::array<std::deque<DeliveryEntry*>, kRanks> MemoryStore::due_by_rank(TimePoint now) {
  std::array<std::deque<DeliveryEntry*>, kRanks> due;
  const Lines first = lines();
  for (auto& [key, entry] : rows_.deliveries) {
    if (!is_claimable(entry, first) || *entry.row.next_attempt_at > now) continue;
    const int rank = rank_of(entry.row.priority, entry.row.budget_used);
    due[static_cast<std::size_t>(rank)].push_back(&entry);
  }
  for (auto& rows : due) {
    std::stable_sort(rows.begin(), rows.end(), [](const auto* left, const auto* right) {
      return left->row.next_attempt_at < right->row.next_attempt_at;
    });
  }
  return due;
}

void MemoryStore::take(DeliveryEntry& entry, const LeaseToken& token, TimePoint now,
                       Duration lease) {
  settle(entry, find_transition(entry.row.state, DeliverySignal::claimed)->to, std::nullopt, now);
  entry.token = token.value;
  entry.lease_expires_at = now + lease;
}

std::size_t MemoryStore::suspects_in_flight() const {
  const auto found = std::count_if(rows_.deliveries.begin(), rows_.deliveries.end(), [](auto& one) {
    const Delivery& row = one.second.row;
    return row.state == DeliveryState::in_flight && is_suspect(row.reaps);
  });
  return static_cast<std::size_t>(found);
}

// True when something had expired, so that another round may find what waited behind it.
bool MemoryStore::claim_round(std::vector<ClaimedDelivery>& claimed, const LeaseToken& token,
                              TimePoint now, std::size_t limit, Duration lease) {
  auto due = due_by_rank(now);
  SuspectPlaces suspects(suspects_in_flight());
  bool any_expired = false;
  while (claimed.size() < limit) {
    ClaimTurns::HasDue has_due{};
    for (std::size_t rank = 0; rank < due.size(); ++rank) has_due[rank] = !due[rank].empty();
    const int rank = turns_.next(has_due);
    if (rank == kRanks) break;
    auto& rows = due[static_cast<std::size_t>(rank)];
    DeliveryEntry& entry = *rows.front();
    rows.pop_front();
    if (has_expired(entry.row.expires_at, now)) {
      entry.row.last_error = kExpiredError;
      settle(entry, find_transition(entry.row.state, DeliverySignal::expired)->to, std::nullopt,
             now);
      any_expired = true;
      continue;
    }
    if (is_suspect(entry.row.reaps) && !suspects.take()) continue;
    take(entry, token, now, lease);
    claimed.push_back({entry.row.key, token, *find_message(entry.row.message_id),
                       entry.row.endpoint_id, entry.row.attempts, entry.row.budget_used,
                       entry.trigger, rank, entry.row.expires_at});
  }
  return any_expired;
}

Result<std::vector<ClaimedDelivery>> MemoryStore::claim_due(TimePoint now, std::size_t limit,
                                                            Duration lease) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const LeaseToken token{random_.bytes(16)};
  std::vector<ClaimedDelivery> claimed;
  while (claim_round(claimed, token, now, limit, lease) && claimed.size() < limit) {
  }
  return claimed;
}

std::vector<Result<void>> MemoryStore::record_attempts(std::span<const AttemptRecord> records,
                                                       TimePoint now) {
  std::vector<Result<void>> results;
  const auto entered = enter();
  for (const AttemptRecord& record : records) {
    results.push_back(entered.error ? Result<void>(*entered.error) : record_one(record, now));
  }
  return results;
}

bool MemoryStore::is_current(const std::string& endpoint_id, const AttemptRecord& record) const {
  const auto known = rows_.health.find(endpoint_id);
  return !record.health || known == rows_.health.end() ||
         known->second.health.epoch == record.health->health.epoch;
}

Result<void> MemoryStore::record_one(const AttemptRecord& record, TimePoint now) {
  const auto known = rows_.deliveries.find(record.delivery);
  if (known != rows_.deliveries.end() && record.health) {
    keep_health(known->second.row.endpoint_id, *record.health, now);
  }
  DeliveryEntry* entry = held(record.delivery, record.token);
  if (entry == nullptr) return Error{ErrorCode::lease_lost, "the delivery was taken back"};
  const auto* transition = find_transition(entry->row.state, record.signal);
  if (transition == nullptr || !transition->counts_as_attempt) {
    return Error{ErrorCode::config, "no attempt ends so", "signal"};
  }
  const Attempt& attempt = record.attempt;
  const bool succeeded = transition->to == DeliveryState::delivered;
  const bool waits = transition->to == DeliveryState::pending;
  entry->attempts.push_back(attempt);
  entry->attempts.back().number = ++entry->row.attempts;
  entry->row.reaps = 0;
  if (!succeeded) ++entry->row.budget_used;
  entry->row.last_status = attempt.status;
  entry->row.last_error.clear();
  if (!succeeded) {
    entry->row.last_error = attempt.error != TransportError::none ? to_string(attempt.error)
                                                                  : to_string(attempt.outcome);
  }
  if (record.signal == DeliverySignal::expired) entry->row.last_error = kExpiredError;
  if (waits) entry->trigger = "retry";
  const auto endpoint = rows_.endpoints.find(entry->row.endpoint_id);
  if (!record.disable_reason.empty() && endpoint != rows_.endpoints.end() &&
      endpoint->second.state == EndpointState::enabled && endpoint->second.url == attempt.url &&
      is_current(endpoint->first, record)) {
    endpoint->second.state = EndpointState::disabled;
    rows_.disabled_at[endpoint->first] = now;
    endpoint->second.disabled_reason = record.disable_reason;
    endpoint->second.updated_at = next_update_at(endpoint->second.updated_at, now);
    ++rows_.endpoints_version;
    Details details;
    details.add("reason", record.disable_reason);
    if (record.health) details.add("failing_since", record.health->health.failing_since);
    add_endpoint_event(endpoint->first,
                       {.type = operational::kDisabled, .details = details.json(), .at = now});
  }
  if (transition->to == DeliveryState::dead) add_dead_event(*entry, now);
  settle(*entry, transition->to,
         waits ? std::optional(record.next_attempt_at.value_or(now)) : std::nullopt, now);
  return {};
}

Result<void> MemoryStore::put_back(std::span<const PutBack> rows, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  for (const PutBack& back : rows) {
    DeliveryEntry* entry = held(back.delivery, back.token);
    if (entry == nullptr) continue;
    if (back.lacked_room) rows_.busy_until = std::max(rows_.busy_until, back.next_attempt_at);
    settle(*entry, find_transition(entry->row.state, DeliverySignal::put_back)->to,
           back.next_attempt_at, now);
    const Endpoint* endpoint = endpoint_of(*entry);
    entry->behind_breaker = back.behind_breaker && endpoint != nullptr && !endpoint->fifo &&
                            entry->row.state == DeliveryState::pending &&
                            breaker_is_open(entry->row.endpoint_id);
  }
  return {};
}

void MemoryStore::cancel_expired(TimePoint now) {
  const auto first = lines();
  for (auto& [key, entry] : rows_.deliveries) {
    if (entry.row.state != DeliveryState::pending || is_claimable(entry, first) ||
        !has_expired(entry.row.expires_at, now)) {
      continue;
    }
    entry.row.last_error = kExpiredError;
    settle(entry, find_transition(entry.row.state, DeliverySignal::expired)->to, std::nullopt, now);
  }
}

Result<std::size_t> MemoryStore::reap_deliveries(TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  cancel_expired(now);
  std::size_t reaped = 0;
  for (auto& [key, entry] : rows_.deliveries) {
    if (entry.row.state != DeliveryState::in_flight ||
        !claim_is_free(ClaimOwner::unknown, entry.lease_expires_at, now)) {
      continue;
    }
    const auto* transition = find_transition(entry.row.state, reap_signal(entry.row.reaps));
    const bool waits = transition->to == DeliveryState::pending;
    ++entry.row.reaps;
    entry.trigger = "retry";
    if (!waits) {
      entry.row.last_error = kCrashLoopError;
      add_dead_event(entry, now);
    }
    settle(entry, transition->to, waits ? std::optional(now) : std::nullopt, now);
    ++reaped;
  }
  return reaped;
}

Result<void> MemoryStore::extend_leases(Duration by) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  for (auto& [key, entry] : rows_.deliveries) {
    if (entry.row.state == DeliveryState::in_flight) entry.lease_expires_at += by;
  }
  return {};
}

Result<std::size_t> MemoryStore::restart_waits(TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::size_t moved = 0;
  for (auto& [key, entry] : rows_.deliveries) {
    Delivery& row = entry.row;
    if (row.state != DeliveryState::pending || *row.next_attempt_at <= now) continue;
    const auto due =
        due_after_jump({*row.next_attempt_at, row.created_at, row.updated_at, row.attempts}, now);
    if (!due) continue;
    row.next_attempt_at = due;
    row.updated_at = now;
    ++moved;
  }
  return moved;
}

Result<bool> MemoryStore::knows_later_than(TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const bool of_message = !rows_.messages.empty() && rows_.messages.back().created_at > now;
  return of_message || rows_.noted_at > now;
}

Result<void> MemoryStore::note_time(TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  rows_.noted_at = now;
  return {};
}

Result<TimePoint> MemoryStore::busy_until() {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  return rows_.busy_until;
}

Result<std::optional<TimePoint>> MemoryStore::next_due_at() {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::optional<TimePoint> earliest;
  const Lines first = lines();
  for (const auto& [key, entry] : rows_.deliveries) {
    if (!is_claimable(entry, first)) continue;
    if (!earliest || *entry.row.next_attempt_at < *earliest) earliest = entry.row.next_attempt_at;
  }
  return earliest;
}

Result<void> MemoryStore::replay(std::int64_t delivery, bool force, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.deliveries.find(delivery);
  if (found == rows_.deliveries.end()) return no_such_delivery(delivery);
  DeliveryEntry& entry = found->second;
  const auto* transition = find_transition(
      entry.row.state, force ? DeliverySignal::replayed_by_force : DeliverySignal::replayed);
  const bool is_over =
      entry.row.state == DeliveryState::dead || entry.row.state == DeliveryState::delivered;
  if (!force && is_over && was_delivered(entry)) {
    return Error{ErrorCode::already_delivered,
                 "delivery " + std::to_string(delivery) + " was delivered"};
  }
  if (transition == nullptr) return not_possible(entry.row, "replayed");
  if (endpoint_of(entry) == nullptr) return Error{ErrorCode::not_found, "its endpoint was deleted"};
  if (has_expired(entry.row.expires_at, now)) {
    if (!force) return expired(delivery);
    entry.row.expires_at.reset();
  }
  put_back_dead(entry, transition->to, now, now);
  return {};
}

void MemoryStore::put_back_dead(DeliveryEntry& entry, DeliveryState to, TimePoint due,
                                TimePoint now) {
  entry.row.budget_used = 0;
  entry.row.reaps = 0;
  entry.row.replayed_at = now;
  entry.trigger = "replay";
  settle(entry, to, due, now);
}

Result<void> MemoryStore::cancel(std::int64_t delivery, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.deliveries.find(delivery);
  if (found == rows_.deliveries.end()) return no_such_delivery(delivery);
  const auto* transition = find_transition(found->second.row.state, DeliverySignal::cancelled);
  if (transition == nullptr) return not_possible(found->second.row, "cancelled");
  settle(found->second, transition->to, std::nullopt, now);
  return {};
}

Result<void> MemoryStore::delete_dead(std::int64_t delivery) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.deliveries.find(delivery);
  if (found == rows_.deliveries.end()) return no_such_delivery(delivery);
  if (found->second.row.state != DeliveryState::dead) {
    return not_possible(found->second.row, "deleted");
  }
  rows_.deliveries.erase(found);
  return {};
}

}  // namespace webhookcore::memory
