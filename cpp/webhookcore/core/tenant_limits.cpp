#include "webhookcore/core/tenant_limits.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace webhookcore {

namespace {

Error refusal(const std::string& tenant, const std::string& why, const char* field) {
  Error error{ErrorCode::tenant_limit, "tenant '" + tenant + "': " + why, field};
  error.tenant = tenant;
  return error;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace

Error backlog_refusal(const std::string& tenant, std::int64_t most) {
  return refusal(tenant,
                 std::to_string(most) +
                     " deliveries or more are waiting to be made (its max_backlog); nothing was"
                     " stored; send again later",
                 "max_backlog");
}

Error rate_refusal(const std::string& tenant, double per_second, FineDuration wait) {
  Error error = refusal(tenant,
                        "more than " + number(per_second) +
                            " messages a second (its rate_limit); nothing was stored; send again "
                            "later",
                        "rate_limit");
  error.retry_after_ms =
      std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(wait).count());
  return error;
}

Error endpoints_refusal(const std::string& tenant, std::int64_t most) {
  return refusal(tenant,
                 "it has " + std::to_string(most) + " endpoints or more (its max_endpoints)",
                 "max_endpoints");
}

}  // namespace webhookcore
