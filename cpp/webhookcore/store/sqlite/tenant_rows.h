// Limits of tenants inside a transaction, and whether they let messages in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/backlog_room.h"
#include "webhookcore/core/tenant_limits.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

Result<std::optional<TenantLimits>> find_limits(Connection& connection, std::string_view tenant);
// Its own or the default; nothing for those that have none.
Result<TenantLimits> limits_of(Connection& connection, const std::optional<std::string>& tenant);
Result<std::size_t> count_tenant(Connection& connection, std::string_view tenant, std::size_t most);
// Whether the tenant may have one more endpoint: tenant_limit.
Result<void> check_endpoint_room(Connection& connection, const std::optional<std::string>& tenant);

// What was counted of each tenant that has a max_backlog. Used inside write transactions only.
using TenantRooms = std::unordered_map<std::string, BacklogRoom>;

// Judges the messages of one call. A tenant's first message decides for those that follow, so
// that a batch comes in whole.
class TenantGate {
 public:
  TenantGate(Connection& connection, TenantRooms& rooms, TimePoint now)
      : connection_(connection), rooms_(rooms), now_(now) {}

  // tenant_limit, or whose max_backlog the deliveries count for.
  Result<std::optional<std::string>> admit(const std::optional<std::string>& tenant,
                                           bool refusable);
  void add(const std::optional<std::string>& counted_tenant, std::size_t deliveries);
  Result<void> keep();  // At the end: what was taken from the rates.

 private:
  struct Known {
    TenantLimits limits;
    TokenBucket bucket;
  };

  Result<Known> first(const std::string& tenant, bool refusable);
  Result<void> check_room(const std::string& tenant, std::int64_t most, bool refusable);
  Result<TokenBucket> read_bucket(const std::string& tenant);

  Connection& connection_;
  TenantRooms& rooms_;
  TimePoint now_;
  std::optional<bool> any_;  // Whether any tenant has limits.
  std::unordered_map<std::string, Known> known_;
};

}  // namespace webhookcore::sqlite
