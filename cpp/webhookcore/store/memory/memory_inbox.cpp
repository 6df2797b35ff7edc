#include <algorithm>
#include <set>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/core/clock_jump.h"
#include "webhookcore/core/event_pattern.h"
#include "webhookcore/core/lane_choice.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

Result<std::vector<AcceptResult>> MemoryStore::accept_many(std::span<const NewEvent> events,
                                                           std::string_view kept_result,
                                                           TimePoint now, Duration time_to_live) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const bool all_known = std::all_of(events.begin(), events.end(), [&](const NewEvent& event) {
    return event.event_key && is_known(event.event.source, *event.event_key, now);
  });
  if (!all_known) {
    if (auto full = over_quota(now)) return *full;
    if (inbox_room_.is_stale(now)) {
      inbox_room_.set_count(static_cast<std::int64_t>(inbox_backlog(std::nullopt)), now);
    }
    if (inbox_room_.is_full()) return inbox_room_.refusal();
  }
  std::vector<AcceptResult> results;
  results.reserve(events.size());
  for (const NewEvent& event : events) {
    results.push_back(accept_one(event, kept_result, now, time_to_live));
    using Kind = AcceptResult::Kind;
    const Kind kind = results.back().kind;
    if (kind == Kind::accepted || kind == Kind::revived) inbox_room_.add(1);
  }
  return results;
}

// Whether accepting it would store nothing.
bool MemoryStore::is_known(const std::string& source, std::string_view event_key,
                           TimePoint now) const {
  const auto known = rows_.keys.find({source, std::string(event_key)});
  if (known == rows_.keys.end()) return false;
  const KeyEntry& key = known->second;
  if (!key.completed) return !claim_is_free(ClaimOwner::unknown, key.lease_expires_at, now);
  if (key.expires_at <= now) return false;
  const auto stored = rows_.inbox.find(key.inbox_event.value_or(0));
  return stored == rows_.inbox.end() || stored->second.event.state != InboxState::dead;
}

AcceptResult MemoryStore::accept_one(const NewEvent& accepted, std::string_view kept_result,
                                     TimePoint now, Duration time_to_live) {
  const InboxEvent& event = accepted.event;
  const auto& event_key = accepted.event_key;
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
  entry.event.event_key = event_key;
  entry.event.last_error.clear();
  entry.event.handler_result.clear();
  revive(entry, now);
  rows_.inbox.emplace(key, std::move(entry));
  if (event_key) {
    rows_.keys[place] = KeyEntry{true, {}, {}, now + time_to_live, std::string(kept_result), key};
  }
  return AcceptResult{AcceptResult::Kind::accepted, key};
}

std::map<std::string, std::size_t> MemoryStore::rooms_of_sources(
    std::span<const SourceLimit> limits) const {
  std::map<std::string, std::set<std::string>> running;  // Tokens: a batch has one.
  std::map<std::string, std::size_t> rooms;
  for (const auto& [key, entry] : rows_.inbox) {
    rooms[entry.event.source] = SIZE_MAX;
    if (entry.event.state == InboxState::running) running[entry.event.source].insert(entry.token);
  }
  for (const SourceLimit& limit : limits) {
    rooms[limit.source] = limit.most - std::min(limit.most, running[limit.source].size());
  }
  std::erase_if(rooms, [](const auto& room) { return room.second == 0; });
  return rooms;
}

Result<std::vector<ClaimedEvent>> MemoryStore::claim_due_events(const EventClaim& claim,
                                                                TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto rooms_by_source = rooms_of_sources(claim.limits);
  std::vector<std::size_t> rooms;
  std::map<std::pair<std::string, int>, DueLane> by_place;
  std::map<std::string, std::size_t> places;
  for (const auto& [source, room] : rooms_by_source) {
    places[source] = rooms.size();
    rooms.push_back(claim.only ? SIZE_MAX : room);
  }
  for (const auto& [key, entry] : rows_.inbox) {
    const InboxEvent& event = entry.event;
    if (event.state != InboxState::pending || *event.next_attempt_at > now) continue;
    if (!places.contains(event.source)) continue;
    if (claim.only && (event.source != claim.only->source ||
                       !matches_event_pattern(claim.only->pattern, event.type.value_or("")))) {
      continue;
    }
    const int rank = rank_of(event.priority, event.attempts);
    DueLane& lane = by_place[{event.source, rank}];
    lane.rank = rank;
    lane.source = places[event.source];
    lane.rows.push_back({*event.next_attempt_at, key});
  }
  std::vector<DueLane> lanes;
  for (auto& [place, lane] : by_place) {
    std::stable_sort(
        lane.rows.begin(), lane.rows.end(),
        [](const DueRow& one, const DueRow& other) { return one.due_at < other.due_at; });
    lanes.push_back(std::move(lane));
  }
  LeaseToken token = claim.join.value_or(LeaseToken{random_.bytes(16)});
  std::vector<ClaimedEvent> claimed;
  for (const std::int64_t key : choose_due(lanes, rooms, inbox_turns_, claim.limit)) {
    if (!claim.only) token = {random_.bytes(16)};
    InboxEntry& entry = rows_.inbox.at(key);
    entry.event.state = InboxState::running;
    entry.event.next_attempt_at = std::nullopt;
    entry.event.updated_at = now;
    entry.token = token.value;
    entry.lease_expires_at = now + claim.lease;
    claimed.push_back({entry.event, token});
  }
  return claimed;
}

std::vector<Result<void>> MemoryStore::complete_events(std::span<const EventCompletion> completions,
                                                       TimePoint now) {
  const auto entered = enter();
  if (entered.error) return std::vector<Result<void>>(completions.size(), *entered.error);
  std::vector<Result<void>> results;
  for (const EventCompletion& completion : completions) {
    results.push_back(complete_one(completion, now));
  }
  return results;
}

Result<void> MemoryStore::complete_one(const EventCompletion& completion, TimePoint now) {
  if (completion.state == InboxState::running) {
    return Error{ErrorCode::config, "a run ends as done, pending or dead", "state"};
  }
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
  } else {
    inbox_room_.add(-1);
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

Result<void> MemoryStore::extend_own_event_leases(Duration by) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  for (auto& [key, entry] : rows_.inbox) {
    if (entry.event.state == InboxState::running) entry.lease_expires_at += by;
  }
  return {};
}

Result<std::size_t> MemoryStore::restart_event_waits(TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::size_t moved = 0;
  for (auto& [key, entry] : rows_.inbox) {
    InboxEvent& event = entry.event;
    if (event.state != InboxState::pending) continue;
    const auto due = event_due_after_jump(*event.next_attempt_at, event.updated_at, now);
    if (!due) continue;
    event.next_attempt_at = due;
    event.updated_at = now;
    ++moved;
  }
  return moved;
}

Result<std::optional<TimePoint>> MemoryStore::next_event_due_at(
    std::span<const SourceLimit> limits) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto rooms = rooms_of_sources(limits);
  std::optional<TimePoint> earliest;
  for (const auto& [key, entry] : rows_.inbox) {
    if (entry.event.state != InboxState::pending || !rooms.contains(entry.event.source)) continue;
    if (!earliest || *entry.event.next_attempt_at < *earliest) {
      earliest = entry.event.next_attempt_at;
    }
  }
  return earliest;
}

}  // namespace webhookcore::memory
