#include <algorithm>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

bool is_enough(const ReplayJob& job) {
  return job.request.most && job.replayed + job.missed >= *job.request.most;
}

DeliveryFilter dead_only(DeliveryFilter filter) {
  filter.state = DeliveryState::dead;
  filter.message_id.reset();
  filter.before_key.reset();
  return filter;
}

}  // namespace

bool MemoryStore::is_replayable(const DeliveryEntry& entry, const DeliveryFilter& filter,
                                TimePoint now) const {
  return matches(entry, dead_only(filter)) && endpoint_of(entry) != nullptr &&
         !was_delivered(entry) && !has_expired(entry.row.expires_at, now);
}

const Endpoint* MemoryStore::missed_by(const ReplayRequest& request) const {
  if (!request.missed_since || !request.letters.endpoint_id) return nullptr;
  const auto found = rows_.endpoints.find(*request.letters.endpoint_id);
  return found == rows_.endpoints.end() ? nullptr : &found->second;
}

bool MemoryStore::is_missed(const MissedEntry& missed, const Endpoint& endpoint, TimePoint since,
                            TimePoint until, TimePoint now) const {
  if (missed.endpoint != endpoint.id) return false;
  const Message* message = find_message(missed.message);
  return message != nullptr && message->created_at >= since && message->created_at <= until &&
         is_for(endpoint, *message) && !has_expired(message->expires_at, now);
}

Result<std::int64_t> MemoryStore::count_replayable(const ReplayRequest& request, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::int64_t count = std::count_if(
      rows_.deliveries.begin(), rows_.deliveries.end(),
      [&](const auto& entry) { return is_replayable(entry.second, request.letters, now); });
  if (const Endpoint* endpoint = missed_by(request)) {
    count += std::count_if(rows_.missed.begin(), rows_.missed.end(), [&](const auto& missed) {
      return is_missed(missed, *endpoint, *request.missed_since, TimePoint::max(), now);
    });
  }
  return std::min(count, request.most.value_or(count));
}

Result<ReplayJob> MemoryStore::begin_replay(const ReplayRequest& request, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  if (request.missed_since && missed_by(request) == nullptr) {
    return Error{ErrorCode::not_found, "there is no such endpoint", "endpoint"};
  }
  ReplayEntry entry;
  entry.job.key = rows_.replays.empty() ? 1 : rows_.replays.rbegin()->first + 1;
  entry.job.request = request;
  entry.job.matched =
      std::count_if(rows_.deliveries.begin(), rows_.deliveries.end(), [&](const auto& one) {
        return one.second.row.updated_at <= now && is_replayable(one.second, request.letters, now);
      });
  entry.job.created_at = now;
  entry.job.updated_at = now;
  entry.line.from = now;
  return rows_.replays.emplace(entry.job.key, entry).first->second.job;
}

Result<ReplayJob> MemoryStore::work_replay(std::int64_t job, std::size_t limit, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.replays.find(job);
  if (found == rows_.replays.end()) {
    return Error{ErrorCode::not_found, "there is no replay job " + std::to_string(job)};
  }
  ReplayEntry& entry = found->second;
  if (entry.job.state == ReplayJobState::running) {
    if (entry.letters_done) {
      work_missed(entry, now);
    } else {
      work_letters(entry, limit, now);
    }
    entry.job.updated_at = now;
  }
  return entry.job;
}

void MemoryStore::work_letters(ReplayEntry& entry, std::size_t limit, TimePoint now) {
  ReplayJob& job = entry.job;
  auto next = rows_.deliveries.upper_bound(entry.place);
  for (std::size_t seen = 0; next != rows_.deliveries.end() && seen < limit; ++next) {
    if (is_enough(job)) break;
    entry.place = next->first;
    DeliveryEntry& letter = next->second;
    if (letter.row.state != DeliveryState::dead) continue;
    ++seen;
    const bool died_before = letter.row.updated_at <= job.created_at;
    if (!died_before || !is_replayable(letter, job.request.letters, now)) continue;
    put_back_dead(letter, find_transition(letter.row.state, DeliverySignal::replayed)->to,
                  next_in_line(entry.line, job.request.per_second, now), now);
    ++job.replayed;
  }
  entry.letters_done = next == rows_.deliveries.end();
  const bool over = entry.letters_done && !job.request.missed_since;
  if (over || is_enough(job)) job.state = ReplayJobState::done;
}

void MemoryStore::work_missed(ReplayEntry& entry, TimePoint now) {
  ReplayJob& job = entry.job;
  job.state = ReplayJobState::done;
  const Endpoint* endpoint = missed_by(job.request);
  if (endpoint == nullptr) return;
  std::erase_if(rows_.missed, [&](const auto& missed) {
    const bool wanted = !is_enough(job) && is_missed(missed, *endpoint, *job.request.missed_since,
                                                     job.created_at, now);
    if (!wanted) return false;
    const TimePoint place = next_in_line(entry.line, job.request.per_second, now);
    insert_delivery(*find_message(missed.message), endpoint->id,
                    std::max(place, missed.deliver_at.value_or(place)), now)
        .trigger = "replay";
    ++job.missed;
    return true;
  });
}

// Nobody else can work a job of this process, and one that it left half done is free.
Result<std::optional<ReplayJob>> MemoryStore::find_abandoned_replay(TimePoint) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  for (const auto& [key, entry] : rows_.replays) {
    if (entry.job.state == ReplayJobState::running) return std::optional(entry.job);
  }
  return std::optional<ReplayJob>();
}

Result<std::optional<ReplayJob>> MemoryStore::get_replay(std::int64_t job) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.replays.find(job);
  return found == rows_.replays.end() ? std::nullopt : std::optional(found->second.job);
}

Result<std::vector<ReplayJob>> MemoryStore::list_replays(const ReplayJobFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<ReplayJob> jobs;
  for (auto entry = rows_.replays.rbegin(); entry != rows_.replays.rend(); ++entry) {
    const ReplayJob& job = entry->second.job;
    if (jobs.size() >= filter.limit) break;
    if (filter.state && job.state != *filter.state) continue;
    if (!filter.before_key || job.key < *filter.before_key) jobs.push_back(job);
  }
  return jobs;
}

Result<std::size_t> MemoryStore::delete_dead_letters(const DeliveryFilter& filter,
                                                     std::int64_t& place, std::size_t) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  place = 0;
  return std::erase_if(rows_.deliveries,
                       [&](const auto& entry) { return matches(entry.second, dead_only(filter)); });
}

}  // namespace webhookcore::memory
