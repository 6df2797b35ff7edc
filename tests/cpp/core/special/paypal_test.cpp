#include "catch.h"
#include "core/special/special_tools.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

constexpr const char* kUrl = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42";

Scheme configured(const std::string& url = kUrl) {
  Scheme scheme = scheme_named("paypal");
  set(scheme, "webhook_id", "WH-1");
  if (!url.empty()) set(scheme, "certificate_url", url);
  return scheme;
}

SignedMessage signed_message(const Scheme& scheme) {
  return must_sign(scheme, rsa_private_key(), {.body = "{}", .id = "id-1", .timestamp = kNow});
}

std::string after(const std::string& name, const std::string& value) {
  const Scheme scheme = configured();
  auto message = signed_message(scheme);
  std::erase_if(message.headers, [&](const OwnedHeader& header) { return header.name == name; });
  if (!value.empty()) message.headers.push_back({name, value});
  return verdict_of_signed(scheme, rsa_private_key(), message, "{}");
}

}  // namespace

TEST_CASE("PayPal signs its transmission, the webhook's id and a checksum of the body") {
  const Scheme scheme = configured();
  const auto message = signed_message(scheme);
  CHECK(content_of(read(scheme, "{}", message.headers)) ==
        "id-1|2023-11-14T22:13:20Z|WH-1|2745614147");
  CHECK(verdict_of_signed(scheme, rsa_private_key(), message, "{}") == "ok");
  CHECK(verdict_of_signed(scheme, rsa_private_key(), message, "[]") == "signature_mismatch");
  CHECK(verdict_of_signed(scheme, rsa_private_key(), message, "{}", {},
                          kNow + std::chrono::seconds(301)) == "timestamp_too_old");
}

TEST_CASE("PayPal needs to know which webhook it is") {
  const Scheme scheme = scheme_named("paypal");
  const std::string key = rsa_private_key();
  const std::string_view secrets[] = {key};
  const auto verifier =
      Verifier::create(std::make_shared<const Scheme>(scheme), secrets, std::nullopt);
  REQUIRE_FALSE(verifier.ok());
  CHECK(verifier.error().field == "webhook_id");
  CHECK(try_to_sign(scheme, key, {.body = "{}", .id = "a", .timestamp = kNow}).error().field ==
        "webhook_id");
  CHECK(try_to_sign(configured(), key, {.body = "{}", .timestamp = kNow}).error().field == "id");
}

TEST_CASE("what PayPal's other headers say has to be right where they are there") {
  CHECK(after("PAYPAL-AUTH-ALGO", "") == "ok");
  CHECK(after("PAYPAL-AUTH-ALGO", "SHA1withRSA") == "unsupported_version");
  CHECK(after("PAYPAL-AUTH-ALGO", "sha256withrsa") == "unsupported_version");
  CHECK(after("PAYPAL-CERT-URL", "") == "ok");
  CHECK(after("PAYPAL-CERT-URL", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1") ==
        "ok");
  for (const char* url :
       {"http://api.paypal.com/v1/notifications/certs/C",
        "https://api.paypal.com.evil.com/v1/notifications/certs/C",
        "https://evil.com/https://api.paypal.com/v1/notifications/certs/C",
        "https://api.paypal.com:443/v1/notifications/certs/C",
        "https://u@api.paypal.com/v1/notifications/certs/C",
        "https://api.paypal.com/v1/notifications/certs/", "https://api.paypal.com/other/C",
        "https://api.paypal.com/v1/notifications/certs/../x",
        "https://api.paypal.com/v1/notifications/certs/C?x",
        "https://api.paypal.com/v1/notifications/certs/C#x"}) {
    CAPTURE(url);
    CHECK(after("PAYPAL-CERT-URL", url) == "untrusted_key");
  }
  CHECK(after("PAYPAL-TRANSMISSION-SIG", "") == "missing_header");
  CHECK(after("PAYPAL-TRANSMISSION-SIG", "!") == "malformed_signature");
  CHECK(after("PAYPAL-TRANSMISSION-ID", "") == "missing_header");
  CHECK(after("PAYPAL-TRANSMISSION-ID", "a b") == "malformed_header");
  CHECK(after("PAYPAL-TRANSMISSION-ID", "other") == "signature_mismatch");
  CHECK(after("PAYPAL-TRANSMISSION-TIME", "") == "missing_header");
  CHECK(after("PAYPAL-TRANSMISSION-TIME", "1700000000") == "malformed_timestamp");
}

TEST_CASE("a second header of PayPal's is refused") {
  const Scheme scheme = configured();
  for (const char* name : {"PAYPAL-AUTH-ALGO", "PAYPAL-CERT-URL", "PAYPAL-TRANSMISSION-SIG",
                           "PAYPAL-TRANSMISSION-TIME", "PAYPAL-TRANSMISSION-ID"}) {
    CAPTURE(name);
    auto message = signed_message(scheme);
    message.headers.push_back({name, value_of(message.headers, name)});
    CHECK(verdict_of_signed(scheme, rsa_private_key(), message, "{}") == "duplicate_header");
  }
}
