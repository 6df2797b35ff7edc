#include <algorithm>

#include "webhookcore/core/claim_rules.h"
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

}  // namespace

const Endpoint* MemoryStore::endpoint_of(const DeliveryEntry& entry) const {
  const auto found = rows_.endpoints.find(entry.row.endpoint_id);
  return found == rows_.endpoints.end() ? nullptr : &found->second;
}

bool MemoryStore::is_claimable(const DeliveryEntry& entry) const {
  const Endpoint* endpoint = endpoint_of(entry);
  return entry.row.state == DeliveryState::pending && endpoint != nullptr &&
         endpoint->state == EndpointState::enabled;
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
}

DeliveryEntry* MemoryStore::held(std::int64_t delivery, const LeaseToken& token) {
  const auto found = rows_.deliveries.find(delivery);
  const bool is_held = found != rows_.deliveries.end() &&
                       found->second.row.state == DeliveryState::in_flight &&
                       found->second.token == token.value;
  return is_held ? &found->second : nullptr;
}

Result<std::vector<ClaimedDelivery>> MemoryStore::claim_due(TimePoint now, std::size_t limit,
                                                            Duration lease) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<DeliveryEntry*> due;
  for (auto& [key, entry] : rows_.deliveries) {
    if (is_claimable(entry) && *entry.row.next_attempt_at <= now) due.push_back(&entry);
  }
  std::stable_sort(due.begin(), due.end(), [](const auto* left, const auto* right) {
    return left->row.next_attempt_at < right->row.next_attempt_at;
  });
  if (due.size() > limit) due.resize(limit);
  const LeaseToken token{random_.bytes(16)};
  std::vector<ClaimedDelivery> claimed;
  for (DeliveryEntry* entry : due) {
    settle(*entry, find_transition(entry->row.state, DeliverySignal::claimed)->to, std::nullopt,
           now);
    entry->token = token.value;
    entry->lease_expires_at = now + lease;
    claimed.push_back({entry->row.key, token, *find_message(entry->row.message_id),
                       entry->row.endpoint_id, entry->row.attempts, entry->row.budget_used,
                       entry->trigger});
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

Result<void> MemoryStore::record_one(const AttemptRecord& record, TimePoint now) {
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
  if (!succeeded) ++entry->row.budget_used;
  entry->row.last_status = attempt.status;
  entry->row.last_error.clear();
  if (!succeeded) {
    entry->row.last_error = attempt.error != TransportError::none ? to_string(attempt.error)
                                                                  : to_string(attempt.outcome);
  }
  if (waits) entry->trigger = "retry";
  const auto endpoint = rows_.endpoints.find(entry->row.endpoint_id);
  if (record.disable_endpoint && endpoint != rows_.endpoints.end() &&
      endpoint->second.state == EndpointState::enabled) {
    endpoint->second.state = EndpointState::disabled;
    endpoint->second.disabled_reason = to_string(Outcome::gone);
    endpoint->second.updated_at = next_update_at(endpoint->second.updated_at, now);
    ++rows_.endpoints_version;
  }
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
    settle(*entry, find_transition(entry->row.state, DeliverySignal::put_back)->to,
           back.next_attempt_at, now);
  }
  return {};
}

Result<std::size_t> MemoryStore::reap_deliveries(TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
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
    if (!waits) entry.row.last_error = "crash_loop";
    settle(entry, transition->to, waits ? std::optional(now) : std::nullopt, now);
    ++reaped;
  }
  return reaped;
}

Result<std::optional<TimePoint>> MemoryStore::next_due_at() {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::optional<TimePoint> earliest;
  for (const auto& [key, entry] : rows_.deliveries) {
    if (!is_claimable(entry)) continue;
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
  if (transition == nullptr && entry.row.state == DeliveryState::delivered) {
    return Error{ErrorCode::already_delivered,
                 "delivery " + std::to_string(delivery) + " was delivered"};
  }
  if (transition == nullptr) return not_possible(entry.row, "replayed");
  if (endpoint_of(entry) == nullptr) return Error{ErrorCode::not_found, "its endpoint was deleted"};
  entry.row.budget_used = 0;
  entry.row.reaps = 0;
  entry.row.replayed_at = now;
  entry.trigger = "replay";
  settle(entry, transition->to, now, now);
  return {};
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
