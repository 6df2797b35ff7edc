#include "webhookcore/core/tenant_limits.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

TEST_CASE("a refusal names the tenant and the limit, and says when to come again") {
  const Error rate = rate_refusal("acme", 0.5, 1'200'300us);
  CHECK(rate.code == ErrorCode::tenant_limit);
  CHECK(rate.field == "rate_limit");
  CHECK(rate.tenant == "acme");
  CHECK(rate.retry_after_ms == 1201);
  CHECK(rate.detail.find("tenant 'acme': more than 0.5 messages a second") == 0);
  CHECK(backlog_refusal("acme", 7).retry_after_ms == 0);
  CHECK(endpoints_refusal("acme", 7).detail.find("7 endpoints") != std::string::npos);
}

TEST_CASE("operational events and the scope without a tenant have no limits") {
  CHECK(may_have_limits("acme"));
  CHECK_FALSE(may_have_limits(std::nullopt));
  CHECK_FALSE(may_have_limits(std::string(kAlertsTenant)));
}
