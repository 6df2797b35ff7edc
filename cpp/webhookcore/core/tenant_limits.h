// What one tenant may take of a store that it shares with others (requirement D19).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/base/error.h"
#include "webhookcore/core/rate_limit.h"

namespace webhookcore {

// Absent: no limit of that kind.
struct TenantLimits {
  std::optional<std::int64_t> max_backlog = {};  // Its deliveries that wait to be made.
  std::optional<double> sends_per_second = {};   // One second's worth may come at once.
  std::optional<std::int64_t> max_endpoints = {};

  bool operator==(const TenantLimits&) const = default;
};

// Operators are told by messages of this tenant, which no limit may lose; the scope without a
// tenant is the service's own. Neither has limits.
inline constexpr std::string_view kAlertsTenant = "webhookcore.alerts";
inline bool may_have_limits(const std::optional<std::string>& tenant) {
  return tenant && *tenant != kAlertsTenant;
}

// Each is ErrorCode::tenant_limit, and `field` names the limit.
Error backlog_refusal(const std::string& tenant, std::int64_t most);
Error rate_refusal(const std::string& tenant, double per_second, FineDuration wait);
Error endpoints_refusal(const std::string& tenant, std::int64_t most);

}  // namespace webhookcore
