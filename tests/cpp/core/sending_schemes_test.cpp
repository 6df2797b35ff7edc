#include "webhookcore/core/sending_schemes.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "webhookcore/core/reserved_headers.h"

using namespace webhookcore;

namespace {

std::string fault(const std::vector<std::string>& schemes,
                  const std::vector<std::string>& own_headers = {}) {
  const auto checked = check_sending_schemes(schemes, own_headers);
  return checked.ok() ? "" : checked.error().field;
}

}  // namespace

TEST_CASE("schemes that write headers of their own sign together") {
  CHECK(fault({"standard", "github", "stripe", "slack", "github-sha1"}).empty());
  CHECK(fault({"standard", "standard"}) == "schemes[1]");
  CHECK(fault({"github", "stripe", "meta"}) == "schemes[2]");
  CHECK(fault({"rfc9421", "mailersend"}) == "schemes[1]");
}

TEST_CASE("every built-in scheme signs an endpoint's requests, but for those that cannot") {
  const std::vector<std::string> in_body = {"mailgun", "adyen", "aws-sns"};
  for (const Scheme& scheme : built_in_schemes()) {
    INFO(scheme.name);
    const bool cannot = !scheme.needs.empty() ||
                        std::find(in_body.begin(), in_body.end(), scheme.name) != in_body.end();
    CHECK(fault({scheme.name}, {"X-Fal-Webhook-User-Id"}) == (cannot ? "schemes[0]" : ""));
  }
  CHECK(fault({"fal"}) == "schemes[0]");
}

TEST_CASE("signatures are joined as their list is written, with one time") {
  CHECK(join_signatures(*find_scheme("standard"), "Webhook-Signature", "v1,a", "v1,b") ==
        "v1,a v1,b");
  CHECK(join_signatures(*find_scheme("stripe"), "stripe-signature", "t=1,v1=a", "t=1,v1=b") ==
        "t=1,v1=a,v1=b");
  CHECK_FALSE(join_signatures(*find_scheme("standard"), "webhook-id", "a", "b"));
  CHECK_FALSE(join_signatures(*find_scheme("github"), "X-Hub-Signature-256", "a", "b"));
}

TEST_CASE("all that the signer writes is reserved") {
  CHECK(is_reserved_header("signature-input", std::vector<std::string>{"rfc9421"}));
  CHECK(is_reserved_header("Content-Digest", std::vector<std::string>{"rfc9421"}));
  CHECK(is_reserved_header("PayPal-Auth-Algo", std::vector<std::string>{"paypal"}));
  CHECK(is_reserved_header("X-DocuSign-Signature-2", std::vector<std::string>{"docusign"}));
  CHECK_FALSE(is_reserved_header("X-DocuSign-Signature-", std::vector<std::string>{}));
}
