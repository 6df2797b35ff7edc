#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

std::pair<std::string, std::string> place_of(const ClaimKey& key) {
  return {std::string(key.source), std::string(key.event_key)};
}

Error lease_lost() { return {ErrorCode::lease_lost, "the claim was taken over"}; }

// A claim that nobody completed is kept a day after its lease.
TimePoint prunable_at(const KeyEntry& entry) {
  return entry.completed ? entry.expires_at : entry.lease_expires_at + std::chrono::hours{24};
}

}  // namespace

Result<ClaimResult> MemoryStore::claim(const ClaimKey& key, TimePoint now, Duration lease) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.keys.find(place_of(key));
  if (found != rows_.keys.end()) {
    const KeyEntry& entry = found->second;
    if (entry.completed && entry.expires_at > now) {
      return ClaimResult{ClaimResult::Kind::completed, {}, entry.kept_result, std::nullopt};
    }
    if (!entry.completed && !claim_is_free(ClaimOwner::unknown, entry.lease_expires_at, now)) {
      return ClaimResult{ClaimResult::Kind::running, {}, {}, entry.lease_expires_at};
    }
  }
  KeyEntry entry;
  entry.token = random_.bytes(16);
  entry.lease_expires_at = now + lease;
  rows_.keys[place_of(key)] = entry;
  return ClaimResult{ClaimResult::Kind::won, {entry.token}, {}, entry.lease_expires_at};
}

Result<void> MemoryStore::complete(const ClaimKey& key, const LeaseToken& token,
                                   std::string_view kept_result, TimePoint now,
                                   Duration time_to_live) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.keys.find(place_of(key));
  if (found == rows_.keys.end() || found->second.completed || found->second.token != token.value) {
    return lease_lost();
  }
  KeyEntry entry;
  entry.completed = true;
  entry.expires_at = now + time_to_live;
  entry.kept_result = kept_result;
  found->second = entry;
  return {};
}

Result<void> MemoryStore::release(const ClaimKey& key, const LeaseToken& token) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.keys.find(place_of(key));
  if (found == rows_.keys.end() || found->second.completed || found->second.token != token.value) {
    return lease_lost();
  }
  rows_.keys.erase(found);
  return {};
}

Result<std::size_t> MemoryStore::prune_keys(TimePoint now, std::size_t limit) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::size_t pruned = 0;
  for (auto entry = rows_.keys.begin(); entry != rows_.keys.end() && pruned < limit;) {
    const bool expired = prunable_at(entry->second) <= now;
    pruned += expired ? 1 : 0;
    entry = expired ? rows_.keys.erase(entry) : std::next(entry);
  }
  for (auto entry = rows_.send_keys.begin(); entry != rows_.send_keys.end() && pruned < limit;) {
    const bool expired = entry->second.expires_at <= now;
    pruned += expired ? 1 : 0;
    entry = expired ? rows_.send_keys.erase(entry) : std::next(entry);
  }
  return pruned;
}

}  // namespace webhookcore::memory
