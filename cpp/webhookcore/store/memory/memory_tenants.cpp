#include <algorithm>
#include <set>

#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

Result<void> MemoryStore::set_tenant_limits(std::string_view tenant, const TenantLimits& limits) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  rows_.tenants.insert_or_assign(std::string(tenant), limits);
  return {};
}

Result<void> MemoryStore::clear_tenant_limits(std::string_view tenant) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.tenants.find(tenant);
  if (found == rows_.tenants.end()) {
    return Error{ErrorCode::not_found, "the tenant has no limits of its own"};
  }
  rows_.tenants.erase(found);
  rows_.tenant_uses.erase(std::string(tenant));
  return {};
}

Result<std::optional<TenantLimits>> MemoryStore::get_tenant_limits(std::string_view tenant) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.tenants.find(tenant);
  return found == rows_.tenants.end() ? std::nullopt : std::optional(found->second);
}

Result<std::vector<TenantRow>> MemoryStore::list_tenant_limits(const TenantFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<TenantRow> rows;
  auto place = rows_.tenants.upper_bound(filter.after.value_or(""));
  for (; place != rows_.tenants.end() && rows.size() < filter.limit; ++place) {
    rows.push_back({place->first, place->second});
  }
  return rows;
}

Result<std::size_t> MemoryStore::count_tenant_backlog(std::string_view tenant, std::size_t most) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  return std::min(most, tenant_backlog(tenant));
}

std::size_t MemoryStore::tenant_backlog(std::string_view tenant) const {
  return static_cast<std::size_t>(
      std::count_if(rows_.deliveries.begin(), rows_.deliveries.end(), [&](const auto& entry) {
        const DeliveryEntry& delivery = entry.second;
        return delivery.counts_for_tenant && delivery.row.tenant == tenant &&
               delivery.row.state == DeliveryState::pending;
      }));
}

TenantLimits MemoryStore::limits_of(const Tenant& tenant) const {
  if (!may_have_limits(tenant)) return {};
  auto found = rows_.tenants.find(*tenant);
  if (found == rows_.tenants.end()) found = rows_.tenants.find("");
  return found == rows_.tenants.end() ? TenantLimits() : found->second;
}

std::optional<Error> MemoryStore::over_tenant_limits(std::span<const NewMessage> messages,
                                                     TimePoint now) {
  std::set<std::string> seen;
  for (const NewMessage& message : messages) {
    const Tenant& tenant = message.message.tenant;
    if (!may_have_limits(tenant) || was_sent_before(message, now)) continue;
    if (!seen.insert(*tenant).second) continue;
    auto refused = refusal_of(*tenant, now);
    if (refused && message.refusable) return refused;
  }
  return std::nullopt;
}

std::optional<Error> MemoryStore::refusal_of(const std::string& tenant, TimePoint now) {
  const TenantLimits limits = limits_of(tenant);
  if (const auto most = limits.max_backlog) {
    BacklogRoom& room = rows_.tenant_uses[tenant].room;
    if (room.most() != *most) room.set_most(*most);
    if (room.is_stale(now)) {
      room.set_count(static_cast<std::int64_t>(tenant_backlog(tenant)), now);
    }
    if (room.is_full()) return backlog_refusal(tenant, *most);
  }
  if (const auto rate = limits.sends_per_second) {
    TokenBucket& bucket = rows_.tenant_uses[tenant].bucket;
    bucket = after_set_back(bucket, now.time_since_epoch());
    const auto wait = wait_for_token(bucket, *rate, now.time_since_epoch());
    if (wait) return rate_refusal(tenant, *rate, *wait);
  }
  return std::nullopt;
}

void MemoryStore::count_for_tenant(const Tenant& tenant, std::span<const std::int64_t> deliveries) {
  const TenantLimits limits = limits_of(tenant);
  if (limits.sends_per_second) rows_.tenant_uses[*tenant].bucket.tokens -= 1;
  if (!limits.max_backlog) return;
  rows_.tenant_uses[*tenant].room.add(static_cast<std::int64_t>(deliveries.size()));
  for (const std::int64_t key : deliveries) rows_.deliveries.at(key).counts_for_tenant = true;
}

}  // namespace webhookcore::memory
