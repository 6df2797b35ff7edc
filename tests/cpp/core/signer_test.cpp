#include "webhookcore/core/signer.h"

#include "catch.h"
#include "core/signing_tools.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

std::string fault_of(const char* scheme, const SigningRequest& request) {
  const auto row = find_scheme(scheme);
  std::vector<SigningKey> keys;
  keys.push_back(std::move(*parse_signing_key(*row, secret_for(*row))));
  const auto headers = sign(*row, keys, request);
  return headers ? "" : headers.error().field;
}

}  // namespace

TEST_CASE("what a scheme signs it verifies, with every secret of a rotation") {
  const std::string url = "https://example.com/hook";
  const std::string bodies[] = {"", R"({"id":1})", std::string("\0\xFF\n", 3),
                                std::string(20'000, 'x')};
  for (const Scheme& scheme : body_mac_schemes()) {
    const bool is_form = scheme.special == SpecialContent::twilio;
    const bool takes_several = scheme.is_list() || scheme.families.front().numbered;
    for (const std::string& body : bodies) {
      CAPTURE(scheme.name, body.size());
      const std::string first = secret_for(scheme, 1);
      const std::string second = secret_for(scheme, 2);
      auto headers = sign_with(scheme, {first, second},
                               {.body = body,
                                .id = "msg_1",
                                .type = "order.paid",
                                .timestamp = kNow,
                                .url = url,
                                .content_type = "application/x-www-form-urlencoded"});
      if (is_form) headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
      const auto views = views_of(headers);
      const auto verdict_of = [&](const std::string& secret, const std::string& received) {
        const auto verifier = make_verifier(find_scheme(scheme.name), {secret});
        return outcome(verifier.verify({received, views, url}, kNow));
      };
      CHECK(verdict_of(first, body) == "ok");
      CHECK(verdict_of(second, body) == (takes_several ? "ok" : "signature_mismatch"));
      CHECK(verdict_of(secret_for(scheme, 3), body) == "signature_mismatch");
      CHECK(verdict_of(first, body + "x") == "signature_mismatch");
    }
  }
}

TEST_CASE("Standard Webhooks signs as its own test suite does") {
  const TimePoint at{std::chrono::seconds{1'614'265'330}};
  const auto headers = sign_with(
      *find_scheme("standard"), {kStandardSecret},
      {.body = R"({"test": 2432232314})", .id = "msg_p5jXN8AQM9LWM0D4loKWxJek", .timestamp = at});
  CHECK(headers.size() == 3);
  CHECK(value_of(headers, "webhook-id") == "msg_p5jXN8AQM9LWM0D4loKWxJek");
  CHECK(value_of(headers, "webhook-timestamp") == "1614265330");
  CHECK(value_of(headers, "webhook-signature") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("Stripe and Slack are signed as their documentation does") {
  const TimePoint at{std::chrono::seconds{19'991}};
  const auto stripe = sign_with(
      *find_scheme("stripe"), {"whsec_test_secret"},
      {.body = "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}", .timestamp = at});
  REQUIRE(stripe.size() == 1);
  CHECK(stripe[0].name == "Stripe-Signature");
  CHECK(stripe[0].value ==
        "t=19991,v1=005ec3d9ed97031e44c771ed3a6fdd7e6e5a2ebe43d1c23e407cb00074ff60aa");
  const auto github = sign_with(*find_scheme("github"), {"It's a Secret to Everybody"},
                                {.body = "Hello, World!", .timestamp = at});
  REQUIRE(github.size() == 1);
  CHECK(github[0].value ==
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

TEST_CASE("a list carries one signature for each key and a single header the first") {
  const auto stripe =
      sign_with(*find_scheme("stripe"), {"one", "two"}, {.body = "{}", .timestamp = kNow});
  const std::string value = value_of(stripe, "Stripe-Signature");
  CHECK(value.starts_with("t=1700000000,v1="));
  CHECK(value.find(",v1=", 20) != std::string::npos);
  const auto one = sign_with(*find_scheme("github"), {"one"}, {.body = "{}", .timestamp = kNow});
  const auto both =
      sign_with(*find_scheme("github"), {"one", "two"}, {.body = "{}", .timestamp = kNow});
  CHECK(one[0].value == both[0].value);
}

TEST_CASE("id and type go into the headers that the scheme has for them") {
  const SigningRequest request{
      .body = "{}", .id = "msg_1", .type = "order.paid", .timestamp = kNow};
  const auto generic = sign_with(*find_scheme("generic"), {"secret"}, request);
  CHECK(value_of(generic, "X-Webhook-Id") == "msg_1");
  CHECK(value_of(generic, "X-Webhook-Event") == "order.paid");
  CHECK(value_of(generic, "X-Webhook-Timestamp") == "1700000000");
  CHECK(value_of(generic, "X-Webhook-Signature").starts_with("sha256="));
  const auto shopify = sign_with(*find_scheme("shopify"), {"secret"}, request);
  CHECK(value_of(shopify, "X-Shopify-Webhook-Id") == "msg_1");
  CHECK(value_of(shopify, "X-Shopify-Topic") == "order.paid");
  const auto nothing =
      sign_with(*find_scheme("generic"), {"secret"}, {.body = "{}", .timestamp = kNow});
  CHECK(nothing.size() == 2);
}

TEST_CASE("GitHub's type header leaves out the action that its body states") {
  const auto type_of = [](std::string_view body, std::string_view type) {
    return value_of(sign_with(*find_scheme("github"), {"secret"},
                              {.body = body, .type = type, .timestamp = kNow}),
                    "X-GitHub-Event");
  };
  CHECK(type_of(R"({"action":"opened"})", "pull_request.opened") == "pull_request");
  CHECK(type_of(R"({"action":"closed"})", "pull_request.opened") == "pull_request.opened");
  CHECK(type_of(R"({})", "pull_request.opened") == "pull_request.opened");
  CHECK(type_of(R"({"action":"opened"})", "push") == "push");
}

TEST_CASE("what cannot be signed is refused by its name") {
  CHECK(fault_of("standard", {.body = "{}", .timestamp = kNow}) == "id");
  CHECK(fault_of("standard", {.body = "{}", .id = "a b", .timestamp = kNow}) == "id");
  const std::string long_id(257, 'x');
  CHECK(fault_of("standard", {.body = "{}", .id = long_id, .timestamp = kNow}) == "id");
  CHECK(fault_of("github", {.body = "{}", .id = "a\r\nb", .timestamp = kNow}) == "id");
  CHECK(fault_of("github", {.body = "{}", .type = "a\nX: b", .timestamp = kNow}) == "type");
  CHECK(fault_of("twilio", {.body = "a=b", .timestamp = kNow}) == "url");
  CHECK(fault_of("twilio", {.body = "{}", .timestamp = kNow, .url = "https://example.com"}) ==
        "url");
  CHECK(fault_of("stripe", {.body = "{}", .timestamp = TimePoint{Duration{-1}}}) == "timestamp");
  const auto unsigned_request = sign(*find_scheme("github"), {}, {.body = "", .timestamp = kNow});
  REQUIRE_FALSE(unsigned_request.ok());
  CHECK(unsigned_request.error().field == "secrets");
}
