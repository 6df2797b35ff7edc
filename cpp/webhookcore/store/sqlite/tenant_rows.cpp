#include "webhookcore/store/sqlite/tenant_rows.h"

#include "webhookcore/store/sqlite/endpoint_directory.h"

namespace webhookcore::sqlite {

namespace {

// Rooms are cheap to make anew, and tenants come and go.
constexpr std::size_t kMostRooms = 10'000;

FineDuration fine(TimePoint at) { return at.time_since_epoch(); }

}  // namespace

Result<std::optional<TenantLimits>> find_limits(Connection& connection, std::string_view tenant) {
  auto query = connection.query(
      "SELECT max_backlog, sends_per_second, max_endpoints FROM tenant_limits WHERE tenant = ?",
      tenant);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<TenantLimits>();
  TenantLimits limits;
  if (!query.is_null(0)) limits.max_backlog = query.integer(0);
  if (!query.is_null(1)) limits.sends_per_second = query.real(1);
  if (!query.is_null(2)) limits.max_endpoints = query.integer(2);
  return std::optional(limits);
}

Result<TenantLimits> limits_of(Connection& connection, const std::optional<std::string>& tenant) {
  if (!may_have_limits(tenant)) return TenantLimits();
  auto limits = find_limits(connection, *tenant);
  if (limits && !*limits) limits = find_limits(connection, "");
  if (!limits) return limits.error();
  return limits->value_or(TenantLimits());
}

Result<std::size_t> count_tenant(Connection& connection, std::string_view tenant,
                                 std::size_t most) {
  auto query = connection.query(
      "SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_counted"
      " WHERE state = 0 AND counted_tenant = ? LIMIT ?)",
      tenant, most);
  const auto found = query.step();
  if (!found) return found.error();
  return static_cast<std::size_t>(query.integer(0));
}

Result<void> check_endpoint_room(Connection& connection, const std::optional<std::string>& tenant) {
  const auto limits = limits_of(connection, tenant);
  if (!limits) return limits.error();
  if (!limits->max_endpoints) return {};
  auto query = connection.query(
      "SELECT count(*) FROM endpoints WHERE coalesce('t' || tenant, '') = ? AND state <> 2",
      scope_of(tenant));
  const auto found = query.step();
  if (!found) return found.error();
  if (query.integer(0) < *limits->max_endpoints) return {};
  return endpoints_refusal(*tenant, *limits->max_endpoints);
}

Result<std::optional<std::string>> TenantGate::admit(const std::optional<std::string>& tenant,
                                                     bool refusable) {
  using Counted = std::optional<std::string>;
  if (!may_have_limits(tenant)) return Counted();
  if (!any_) {
    auto query = connection_.query("SELECT 1 FROM tenant_limits LIMIT 1");
    const auto found = query.step();
    if (!found) return found.error();
    any_ = *found;
  }
  if (!*any_) return Counted();
  auto place = known_.find(*tenant);
  if (place == known_.end()) {
    auto known = first(*tenant, refusable);
    if (!known) return known.error();
    place = known_.emplace(*tenant, *known).first;
  }
  place->second.bucket.tokens -= 1;
  return place->second.limits.max_backlog ? tenant : Counted();
}

Result<TenantGate::Known> TenantGate::first(const std::string& tenant, bool refusable) {
  const auto limits = limits_of(connection_, tenant);
  if (!limits) return limits.error();
  Known known{*limits, {}};
  if (limits->max_backlog) {
    auto room = check_room(tenant, *limits->max_backlog, refusable);
    if (!room) return room.error();
  }
  if (!limits->sends_per_second) return known;
  auto bucket = read_bucket(tenant);
  if (!bucket) return bucket.error();
  known.bucket = *bucket;
  const auto wait = wait_for_token(known.bucket, *limits->sends_per_second, fine(now_));
  if (wait && refusable) return rate_refusal(tenant, *limits->sends_per_second, *wait);
  return known;
}

Result<void> TenantGate::check_room(const std::string& tenant, std::int64_t most, bool refusable) {
  if (rooms_.size() >= kMostRooms && rooms_.count(tenant) == 0) rooms_.clear();
  BacklogRoom& room = rooms_[tenant];
  if (room.most() != most) room.set_most(most);
  if (room.is_stale(now_)) {
    const auto count = count_tenant(connection_, tenant, static_cast<std::size_t>(most));
    if (!count) return count.error();
    room.set_count(static_cast<std::int64_t>(*count), now_);
  }
  if (room.is_full() && refusable) return backlog_refusal(tenant, most);
  return {};
}

Result<TokenBucket> TenantGate::read_bucket(const std::string& tenant) {
  auto query =
      connection_.query("SELECT tokens, filled_at FROM tenant_sends WHERE tenant = ?", tenant);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return TokenBucket();
  return after_set_back({query.real(0), fine(query.time(1))}, fine(now_));
}

void TenantGate::add(const std::optional<std::string>& counted_tenant, std::size_t deliveries) {
  if (!counted_tenant) return;
  const auto room = rooms_.find(*counted_tenant);
  if (room != rooms_.end()) room->second.add(static_cast<std::int64_t>(deliveries));
}

Result<void> TenantGate::keep() {
  for (const auto& [tenant, known] : known_) {
    if (!known.limits.sends_per_second) continue;
    auto kept = connection_
                    .query(
                        "INSERT OR REPLACE INTO tenant_sends (tenant, tokens, filled_at)"
                        " VALUES (?, ?, ?)",
                        tenant, known.bucket.tokens, now_)
                    .run();
    if (!kept) return kept;
  }
  return {};
}

}  // namespace webhookcore::sqlite
