// What each tenant may take of the store.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/core/tenant_limits.h"

namespace webhookcore {

struct TenantRow {
  std::string tenant;
  TenantLimits limits;
};

struct TenantFilter {
  std::optional<std::string> after = {};  // The cursor: by name.
  std::size_t limit = 100;
};

// A tenant's own limits hold for it, or else those of the empty name, for every tenant that may
// have limits. enqueue() and create_endpoint() refuse by them, in every process: tenant_limit.
// Of several messages then none is stored. A repeated idempotency key is never refused.
//
// Safe to share between threads; a call returns when its change is durable.
class TenantStore {
 public:
  virtual ~TenantStore() = default;

  // In place of those that it had. Deliveries count for a max_backlog from then on that are
  // sent while there is one.
  virtual Result<void> set_tenant_limits(std::string_view tenant, const TenantLimits& limits) = 0;
  virtual Result<void> clear_tenant_limits(std::string_view tenant) = 0;  // not_found.
  // Its own.
  virtual Result<std::optional<TenantLimits>> get_tenant_limits(std::string_view tenant) = 0;
  // By name, without those of the empty one.
  virtual Result<std::vector<TenantRow>> list_tenant_limits(const TenantFilter& filter) = 0;
  // How many deliveries count for its max_backlog, but never more than `most`.
  virtual Result<std::size_t> count_tenant_backlog(std::string_view tenant, std::size_t most) = 0;
};

}  // namespace webhookcore
