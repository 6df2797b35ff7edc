#include <algorithm>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

void revive(InboxEntry& entry, TimePoint now) {
  entry.event.state = InboxState::pending;
  entry.event.attempts = 0;
  entry.event.crashes = 0;
  entry.event.next_attempt_at = now;
  entry.event.updated_at = now;
}

}  // namespace

Result<std::vector<AcceptResult>> MemoryStore::accept_many(std::span<const NewEvent> events,
                                                           std::string_view kept_result,
                                                           TimePoint now, Duration time_to_live) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  if (auto full = over_quota(now)) return *full;
  std::vector<AcceptResult> results;
  results.reserve(events.size());
  for (const NewEvent& event : events) {
    results.push_back(accept_one(event, kept_result, now, time_to_live));
  }
  return results;
}

AcceptResult MemoryStore::accept_one(const NewEvent& accepted, std::string_view kept_result,
                                     TimePoint now, Duration time_to_live) {
  const auto& [event, event_key] = accepted;
  const std::pair place{event.source, std::string(event_key.value_or(""))};
  const auto known = event_key ? rows_.keys.find(place) : rows_.keys.end();
  if (known != rows_.keys.end()) {
    const KeyEntry& key = known->second;
    if (!key.completed && !claim_is_free(ClaimOwner::unknown, key.lease_expires_at, now)) {
      return AcceptResult{AcceptResult::Kind::running};
    }
    if (key.completed && key.expires_at > now) {
      AcceptResult result{AcceptResult::Kind::duplicate, key.inbox_event.value_or(0),
                          key.kept_result};
      const auto stored = rows_.inbox.find(result.key);
      if (stored != rows_.inbox.end() && stored->second.event.state == InboxState::dead) {
        revive(stored->second, now);
        result.kind = AcceptResult::Kind::revived;
      }
      return result;
    }
  }
  const std::int64_t key = rows_.inbox.empty() ? 1 : rows_.inbox.rbegin()->first + 1;
  InboxEntry entry{event, {}, {}};
  entry.event.key = key;
  entry.event.last_error.clear();
  entry.event.handler_result.clear();
  revive(entry, now);
  rows_.inbox.emplace(key, std::move(entry));
  if (event_key) {
    rows_.keys[place] = KeyEntry{true, {}, {}, now + time_to_live, std::string(kept_result), key};
  }
  return AcceptResult{AcceptResult::Kind::accepted, key};
}

Result<std::vector<ClaimedEvent>> MemoryStore::claim_due_events(TimePoint now, std::size_t limit,
                                                                Duration lease) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<InboxEntry*> due;
  for (auto& [key, entry] : rows_.inbox) {
    if (entry.event.state == InboxState::pending && *entry.event.next_attempt_at <= now) {
      due.push_back(&entry);
    }
  }
  std::stable_sort(due.begin(), due.end(), [](const InboxEntry* left, const InboxEntry* right) {
    return left->event.next_attempt_at < right->event.next_attempt_at;
  });
  if (due.size() > limit) due.resize(limit);
  const LeaseToken token{random_.bytes(16)};
  std::vector<ClaimedEvent> claimed;
  for (InboxEntry* entry : due) {
    entry->event.state = InboxState::running;
    entry->event.next_attempt_at = std::nullopt;
    entry->event.updated_at = now;
    entry->token = token.value;
    entry->lease_expires_at = now + lease;
    claimed.push_back({entry->event, token});
  }
  return claimed;
}

Result<void> MemoryStore::complete_event(const EventCompletion& completion, TimePoint now) {
  if (completion.state == InboxState::running) {
    return Error{ErrorCode::config, "a run ends as done, pending or dead", "state"};
  }
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.inbox.find(completion.key);
  if (found == rows_.inbox.end() || found->second.event.state != InboxState::running ||
      found->second.token != completion.token.value) {
    return Error{ErrorCode::lease_lost, "the event was taken back"};
  }
  InboxEvent& event = found->second.event;
  event.state = completion.state;
  event.next_attempt_at = std::nullopt;
  if (completion.state == InboxState::pending) {
    event.next_attempt_at = completion.next_attempt_at.value_or(now);
  }
  if (completion.state != InboxState::done && completion.counts) ++event.attempts;
  event.handler_result = completion.handler_result;
  event.last_error = completion.error;
  event.updated_at = now;
  return {};
}

Result<std::size_t> MemoryStore::reap_events(TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::size_t reaped = 0;
  for (auto& [key, entry] : rows_.inbox) {
    if (entry.event.state != InboxState::running ||
        !claim_is_free(ClaimOwner::unknown, entry.lease_expires_at, now)) {
      continue;
    }
    const bool spent = crashes_are_spent(entry.event.crashes);
    ++entry.event.crashes;
    entry.event.state = spent ? InboxState::dead : InboxState::pending;
    entry.event.next_attempt_at = spent ? std::nullopt : std::optional(now);
    if (spent) entry.event.last_error = "crash_loop";
    entry.event.updated_at = now;
    ++reaped;
  }
  return reaped;
}

Result<std::optional<TimePoint>> MemoryStore::next_event_due_at() {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::optional<TimePoint> earliest;
  for (const auto& [key, entry] : rows_.inbox) {
    if (entry.event.state != InboxState::pending) continue;
    if (!earliest || *entry.event.next_attempt_at < *earliest) {
      earliest = entry.event.next_attempt_at;
    }
  }
  return earliest;
}

Result<std::optional<InboxEvent>> MemoryStore::get_event(std::int64_t key) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.inbox.find(key);
  return found == rows_.inbox.end() ? std::nullopt : std::optional(found->second.event);
}

Result<std::vector<InboxEvent>> MemoryStore::list_events(const InboxFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<InboxEvent> events;
  for (auto entry = rows_.inbox.rbegin(); entry != rows_.inbox.rend(); ++entry) {
    const InboxEvent& event = entry->second.event;
    if (events.size() >= filter.limit) break;
    if (filter.source && event.source != *filter.source) continue;
    if (filter.state && event.state != *filter.state) continue;
    if (filter.before_key && event.key >= *filter.before_key) continue;
    events.push_back(event);
  }
  return events;
}

Result<void> MemoryStore::replay_event(std::int64_t key, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.inbox.find(key);
  if (found == rows_.inbox.end()) {
    return Error{ErrorCode::not_found, "there is no event " + std::to_string(key)};
  }
  if (found->second.event.state != InboxState::dead) {
    return Error{ErrorCode::conflict, "event " + std::to_string(key) + " is not dead"};
  }
  revive(found->second, now);
  return {};
}

}  // namespace webhookcore::memory
