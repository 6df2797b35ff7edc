// Stored events looked at, counted, replayed and deleted by hand.
#include <algorithm>

#include "webhookcore/core/event_pattern.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

bool has_error(const InboxEvent& event, const std::string& error) {
  return event.last_error == error || event.last_error.starts_with(error + ':');
}

bool is_of(const InboxEntry& entry, const InboxFilter& filter) {
  const InboxEvent& event = entry.event;
  return !entry.deleted && (!filter.source || event.source == *filter.source) &&
         (!filter.state || event.state == *filter.state) &&
         (!filter.pattern || matches_event_pattern(*filter.pattern, event.type.value_or(""))) &&
         (!filter.error || has_error(event, *filter.error)) &&
         (!filter.since || event.updated_at >= *filter.since) &&
         (!filter.until || event.updated_at < *filter.until);
}

bool is_over(const InboxEntry& entry) {
  return entry.event.state == InboxState::done || entry.event.state == InboxState::dead;
}

Error no_event(std::int64_t key) {
  return {ErrorCode::not_found, "there is no event " + std::to_string(key)};
}

Error is_not(std::int64_t key, const std::string& wanted) {
  return {ErrorCode::conflict, "event " + std::to_string(key) + " is not " + wanted};
}

// Calls `use` for those of the filter among the next `limit` rows behind `place`.
template <typename Use>
void each_next(std::map<std::int64_t, InboxEntry>& rows, const InboxFilter& filter,
               std::int64_t& place, std::size_t limit, Use use) {
  std::size_t seen = 0;
  std::vector<std::int64_t> keys;
  auto entry = rows.upper_bound(place);
  for (; entry != rows.end() && seen < limit; ++entry, ++seen) {
    place = entry->first;
    if (is_of(entry->second, filter)) keys.push_back(entry->first);
  }
  if (entry == rows.end()) place = 0;
  for (const std::int64_t key : keys) use(key);
}

void erase(std::map<std::int64_t, InboxEntry>& rows, std::int64_t key) {
  if (key != rows.rbegin()->first) {
    rows.erase(key);
    return;
  }
  InboxEntry& newest = rows.at(key);
  newest = {};
  newest.event.key = key;
  newest.event.state = InboxState::done;
  newest.deleted = true;
}

}  // namespace

void revive(InboxEntry& entry, TimePoint now) {
  entry.event.state = InboxState::pending;
  entry.event.attempts = 0;
  entry.event.crashes = 0;
  entry.event.next_attempt_at = now;
  entry.event.updated_at = now;
}

Result<std::optional<InboxEvent>> MemoryStore::get_event(std::int64_t key) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.inbox.find(key);
  if (found == rows_.inbox.end() || found->second.deleted) return std::optional<InboxEvent>();
  return std::optional(found->second.event);
}

Result<std::vector<InboxEvent>> MemoryStore::list_events(const InboxFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<InboxEvent> events;
  for (auto entry = rows_.inbox.rbegin(); entry != rows_.inbox.rend(); ++entry) {
    if (events.size() >= filter.limit) break;
    if (filter.before_key && entry->first >= *filter.before_key) continue;
    if (is_of(entry->second, filter)) events.push_back(entry->second.event);
  }
  return events;
}

Result<InboxCounts> MemoryStore::count_events(const InboxFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::array<std::int64_t, 4> counts{};
  for (const auto& [key, entry] : rows_.inbox) {
    if (is_of(entry, filter)) ++counts[static_cast<std::size_t>(entry.event.state)];
  }
  return InboxCounts{counts[0], counts[1], counts[2], counts[3]};
}

std::size_t MemoryStore::inbox_backlog(const std::optional<std::string>& source) const {
  return static_cast<std::size_t>(
      std::count_if(rows_.inbox.begin(), rows_.inbox.end(), [&](const auto& row) {
        return !is_over(row.second) && (!source || row.second.event.source == *source);
      }));
}

Result<std::size_t> MemoryStore::count_inbox_backlog(std::size_t most,
                                                     const std::optional<std::string>& source) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  return std::min(most, inbox_backlog(source));
}

void MemoryStore::set_max_inbox(std::optional<std::int64_t> most) {
  const std::lock_guard lock(mutex_);
  inbox_room_.set_most(most.value_or(0));
}

Result<void> MemoryStore::replay_event(std::int64_t key, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.inbox.find(key);
  if (found == rows_.inbox.end() || found->second.deleted) return no_event(key);
  if (found->second.event.state != InboxState::dead) return is_not(key, "dead");
  revive(found->second, now);
  return {};
}

Result<std::size_t> MemoryStore::replay_events(const InboxFilter& filter, std::int64_t& place,
                                               std::size_t looks, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  InboxFilter dead = filter;
  dead.state = InboxState::dead;
  std::size_t replayed = 0;
  each_next(rows_.inbox, dead, place, looks, [&](std::int64_t key) {
    if (replayed == filter.limit) return;
    revive(rows_.inbox.at(key), now);
    ++replayed;
  });
  return replayed;
}

Result<void> MemoryStore::delete_event(std::int64_t key) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.inbox.find(key);
  if (found == rows_.inbox.end() || found->second.deleted) return no_event(key);
  if (!is_over(found->second)) return is_not(key, "done or dead");
  erase(rows_.inbox, key);
  return {};
}

Result<std::size_t> MemoryStore::delete_events(const InboxFilter& filter, std::int64_t& place,
                                               std::size_t limit) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::size_t deleted = 0;
  each_next(rows_.inbox, filter, place, limit, [&](std::int64_t key) {
    if (!is_over(rows_.inbox.at(key))) return;
    erase(rows_.inbox, key);
    ++deleted;
  });
  return deleted;
}

}  // namespace webhookcore::memory
