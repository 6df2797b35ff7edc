#include "webhookcore/core/reserved_headers.h"

#include "catch.h"

using namespace webhookcore;

namespace {

bool reserved(std::string_view name, const std::vector<std::string>& schemes = {}) {
  return is_reserved_header(name, schemes);
}

}  // namespace

TEST_CASE("what frames or describes the request is always reserved, in any case") {
  for (const char* name : {"host", "HOST", "Content-Length", "Content-Type", "content-encoding",
                           "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization",
                           "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect",
                           "HTTP2-Settings", "webhook-id", "Webhook-Anything", "svix-signature"}) {
    INFO(name);
    CHECK(reserved(name));
  }
}

TEST_CASE("anything else is free without a scheme that uses it") {
  for (const char* name :
       {"Authorization", "User-Agent", "X-Team", "webhook", "X-Webhook-Id", "X-Hub-Signature-256",
        "Stripe-Signature", "X-Shopify-Hmac-Sha256", "X-Slack-Signature", "X-Twilio-Signature"}) {
    INFO(name);
    CHECK_FALSE(reserved(name));
    CHECK_FALSE(reserved(name, {"standard", "no such scheme"}));
  }
}

TEST_CASE("each scheme reserves its own headers and no other's") {
  CHECK(reserved("x-shopify-hmac-sha256", {"shopify"}));
  CHECK(reserved("X-Slack-Signature", {"standard", "slack"}));
  CHECK(reserved("X-Slack-Request-Timestamp", {"slack"}));
  CHECK(reserved("Stripe-Signature", {"stripe"}));
  CHECK(reserved("X-Hub-Signature-256", {"github"}));
  CHECK(reserved("X-GitHub-Delivery", {"github"}));
  CHECK(reserved("X-GitHub-Event", {"github"}));
  // Of the weaker kind, which would be taken for a downgrade.
  CHECK(reserved("X-Hub-Signature", {"github"}));
  CHECK_FALSE(reserved("X-Slack-Signature", {"stripe", "github"}));
}
