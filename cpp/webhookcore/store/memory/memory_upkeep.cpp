#include <algorithm>

#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

// What a row costs beside its body, about.
constexpr std::size_t kRowBytes = 512;

bool is_over(const Delivery& row, TimePoint before) {
  return row.state != DeliveryState::pending && row.state != DeliveryState::in_flight &&
         row.updated_at < before;
}

}  // namespace

Result<bool> MemoryStore::prune(const PruneLimits& limits, PrunePlace& place, Pruned& pruned,
                                TimePoint now, Duration) {
  place = {};
  {
    const auto entered = enter();
    if (entered.error) return *entered.error;
    if (limits.messages_before) {
      prune_messages(*limits.messages_before, pruned);
      pruned.jobs += static_cast<std::int64_t>(std::erase_if(rows_.replays, [&](const auto& one) {
        return one.second.job.state == ReplayJobState::done &&
               one.second.job.updated_at < *limits.messages_before;
      }));
    }
    if (limits.attempts_before) prune_attempts(*limits.attempts_before, pruned);
    if (limits.inbox_before && !rows_.inbox.empty()) {
      const std::int64_t newest = rows_.inbox.rbegin()->first;  // The counter of keys.
      pruned.events += static_cast<std::int64_t>(std::erase_if(rows_.inbox, [&](const auto& one) {
        const InboxEvent& event = one.second.event;
        return one.first != newest && event.updated_at < *limits.inbox_before &&
               (event.state == InboxState::done || event.state == InboxState::dead);
      }));
    }
  }
  const auto keys = prune_keys(now, SIZE_MAX);
  if (!keys) return keys.error();
  pruned.keys += static_cast<std::int64_t>(*keys);
  return true;
}

bool MemoryStore::may_go(const Message& message, TimePoint before) const {
  const bool is_newest = &message == &rows_.messages.back();
  const bool replays_run = std::any_of(
      rows_.replays.begin(), rows_.replays.end(),
      [](const auto& entry) { return entry.second.job.state == ReplayJobState::running; });
  return !is_newest && message.created_at < before &&
         std::none_of(rows_.deliveries.begin(), rows_.deliveries.end(), [&](const auto& entry) {
           const Delivery& row = entry.second.row;
           return row.message_id == message.id &&
                  (!is_over(row, before) || (replays_run && row.state == DeliveryState::dead));
         });
}

void MemoryStore::prune_messages(TimePoint before, Pruned& pruned) {
  std::vector<std::string> gone;
  for (const Message& message : rows_.messages) {
    if (may_go(message, before)) gone.push_back(message.id);
  }
  for (const std::string& id : gone) {
    pruned.deliveries +=
        static_cast<std::int64_t>(std::erase_if(rows_.deliveries, [&](const auto& entry) {
          if (entry.second.row.message_id != id) return false;
          pruned.attempts += static_cast<std::int64_t>(entry.second.attempts.size());
          return true;
        }));
    std::erase_if(rows_.missed, [&](const auto& missed) { return missed.message == id; });
    std::erase_if(rows_.messages, [&](const Message& message) { return message.id == id; });
  }
  pruned.messages += static_cast<std::int64_t>(gone.size());
}

void MemoryStore::prune_attempts(TimePoint before, Pruned& pruned) {
  for (auto& [key, entry] : rows_.deliveries) {
    if (!is_over(entry.row, before)) continue;
    pruned.attempts += static_cast<std::int64_t>(entry.attempts.size());
    entry.attempts.clear();
  }
}

Result<StoreUse> MemoryStore::measure_space() {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  return StoreUse{.used_bytes = used_bytes()};
}

std::int64_t MemoryStore::used_bytes() const {
  std::size_t bytes = kRowBytes * (rows_.messages.size() + rows_.deliveries.size() +
                                   rows_.inbox.size() + rows_.keys.size());
  for (const Message& message : rows_.messages) bytes += message.body.size();
  for (const auto& [key, entry] : rows_.inbox) bytes += entry.event.body.size();
  return static_cast<std::int64_t>(bytes);
}

void MemoryStore::set_quota(std::optional<std::int64_t> bytes) {
  const std::lock_guard lock(mutex_);
  quota_ = bytes.value_or(0);
}

std::optional<Error> MemoryStore::over_quota(TimePoint now) {
  if (quota_ == 0 || used_bytes() < quota_) return std::nullopt;
  add_refusal_event(
      {.type = operational::kQuota, .details = quota_details(used_bytes(), quota_), .at = now});
  return Error{ErrorCode::store_full, "the store holds " + std::to_string(used_bytes()) +
                                          " bytes, its quota is " + std::to_string(quota_) +
                                          "; pruning makes room, or a larger quota"};
}

// Nothing is at rest here.
Result<std::size_t> MemoryStore::reseal(std::int64_t& after, std::size_t) {
  after = 0;
  return std::size_t{0};
}

}  // namespace webhookcore::memory
