// Nothing is asked for a request that cannot be right.
#include "webhookcore/core/special/key_reference.h"

#include "catch.h"
#include "core/special/special_tools.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

constexpr const char* kSet = "https://rest.alpha.fal.ai/.well-known/jwks.json";

Verifier keyless(const Scheme& scheme, std::optional<Duration> tolerance = std::nullopt) {
  auto verifier = Verifier::create_keyless(std::make_shared<const Scheme>(scheme), tolerance);
  if (!verifier) FAIL(verifier.error().detail);
  return std::move(*verifier);
}

std::vector<OwnedHeader> fal_headers() {
  std::vector<OwnedHeader> headers{{"X-Fal-Webhook-User-Id", "user-1"}};
  const std::vector<Header> views{{headers[0].name, headers[0].value}};
  const auto message = must_sign(scheme_named("fal"), ed25519_private_key(),
                                 {.body = "{}", .id = "id-1", .timestamp = kNow, .headers = views});
  headers.insert(headers.end(), message.headers.begin(), message.headers.end());
  return headers;
}

// The URL, or the reason.
std::string asked(const Verifier& verifier, const std::vector<OwnedHeader>& headers,
                  std::string_view body = "{}", TimePoint now = kNow) {
  const auto views = views_of(headers);
  const auto found = find_key_reference(verifier, {.body = body, .headers = views}, now);
  const auto* refusal = std::get_if<Refusal>(&found);
  return refusal != nullptr ? std::string(to_string(refusal->reason))
                            : std::get<KeyReference>(found).url;
}

std::vector<OwnedHeader> with(std::vector<OwnedHeader> headers, const std::string& name,
                              const std::string& value) {
  std::erase_if(headers, [&](const OwnedHeader& header) { return header.name == name; });
  if (!value.empty()) headers.push_back({name, value});
  return headers;
}

}  // namespace

TEST_CASE("a row's keys are asked for at the row's URL, by a request that may be right") {
  const Verifier verifier = keyless(scheme_named("fal"));
  const auto headers = fal_headers();
  CHECK(asked(verifier, headers) == kSet);
  CHECK(asked(verifier, {}) == "missing_header");
  CHECK(asked(verifier, with(headers, "X-Fal-Webhook-User-Id", "")) == "missing_header");
  CHECK(asked(verifier, with(headers, "X-Fal-Webhook-Signature", "00")) == "malformed_signature");
  CHECK(asked(verifier, with(headers, "X-Fal-Webhook-Timestamp", "now")) == "malformed_timestamp");
  CHECK(asked(verifier, with(headers, "X-Fal-Webhook-Request-Id", "a b")) == "malformed_header");
  auto twice = headers;
  twice.push_back({"X-Fal-Webhook-User-Id", "user-2"});
  CHECK(asked(verifier, twice) == "duplicate_header");
}

TEST_CASE("a request's age is judged before its key is asked for, by the user's tolerance") {
  const auto headers = fal_headers();
  const auto after = [](int seconds) { return kNow + std::chrono::seconds(seconds); };
  const Verifier verifier = keyless(scheme_named("fal"));
  CHECK(asked(verifier, headers, "{}", after(300)) == kSet);
  CHECK(asked(verifier, headers, "{}", after(301)) == "timestamp_too_old");
  CHECK(asked(verifier, headers, "{}", after(-301)) == "timestamp_too_new");
  const Verifier patient = keyless(scheme_named("fal"), std::chrono::seconds(1000));
  CHECK(asked(patient, headers, "{}", after(1000)) == kSet);
  CHECK(asked(patient, headers, "{}", after(1001)) == "timestamp_too_old");
}

TEST_CASE("without keys nothing verifies") {
  const Verifier verifier = keyless(scheme_named("fal"));
  const auto headers = fal_headers();
  const auto views = views_of(headers);
  CHECK(outcome(verifier.verify({.body = "{}", .headers = views}, kNow)) == "signature_mismatch");
}

TEST_CASE("a verifier without keys is refused what one with keys is refused") {
  const auto refused = [](const Scheme& scheme, std::optional<Duration> tolerance) {
    const auto made = Verifier::create_keyless(std::make_shared<const Scheme>(scheme), tolerance);
    return made ? std::string() : made.error().field;
  };
  CHECK(refused(scheme_named("paypal"), std::nullopt) == "webhook_id");
  CHECK(refused(scheme_named("fal"), Duration::zero()) == "tolerance");
}

TEST_CASE("keys are fetched only where no algorithm has a secret") {
  const auto source = [](const char* name) { return to_string(key_source(scheme_named(name))); };
  CHECK(source("aws-sns") == "url");
  CHECK(source("paypal") == "url");
  CHECK(source("fal") == "url");
  CHECK(source("plaid") == "id");
  CHECK(source("jws-es256") == "id");
  for (const char* name : {"vonage-jwt", "rfc9421", "stripe", "discord", "sendgrid", "twilio"}) {
    CHECK(source(name) == "configured");
  }
  Scheme scheme = scheme_named("fal");
  scheme.versions.front().algorithm = Algorithm::hmac_sha256;
  CHECK(key_source(scheme) == KeySource::configured);
  Scheme message = scheme_named("rfc9421");
  message.versions = {{"ed25519", Algorithm::ed25519}};
  CHECK(key_source(message) == KeySource::id);
  message.versions.push_back({"hmac-sha256", Algorithm::hmac_sha256});
  CHECK(key_source(message) == KeySource::configured);
}
