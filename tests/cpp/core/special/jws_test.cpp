#include "catch.h"
#include "core/special/special_tools.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/special/key_reference.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

const std::string kSecret = "secret-key";

// A token by HS256, as Vonage sends it.
std::string token(const std::string& header, const std::string& claims) {
  const std::string content = encode_base64url(header) + "." + encode_base64url(claims);
  const auto key = HmacKey::create(Hash::sha256, kSecret);
  const std::string_view piece = content;
  return content + "." + encode_base64url(key.value().mac(std::span(&piece, 1)).view());
}

std::string verdict_of(const Scheme& scheme, const std::string& value, std::string_view body = "{}",
                       TimePoint now = kNow) {
  return verdict_of_signed(scheme, kSecret, {.headers = {{"Authorization", value}}}, body, {}, now);
}

std::string verdict_of(const std::string& header, const std::string& claims,
                       std::string_view body = "{}") {
  return verdict_of(scheme_named("vonage-jwt"), "Bearer " + token(header, claims), body);
}

const std::string kHeader = R"({"alg":"HS256"})";
const std::string kHashOfBody = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

}  // namespace

TEST_CASE("a token by another algorithm, or one that must be understood, is refused") {
  CHECK(verdict_of(kHeader, "{}") == "ok");
  CHECK(verdict_of(R"({"alg":"none"})", "{}") == "unsupported_version");
  CHECK(verdict_of(R"({"alg":"hs256"})", "{}") == "unsupported_version");
  CHECK(verdict_of(R"({"alg":"HS256","crit":["b64"]})", "{}") == "unsupported_version");
  CHECK(verdict_of(R"({"alg":"HS256","crit":null})", "{}") == "unsupported_version");
  CHECK(verdict_of(R"({"typ":"JWT"})", "{}") == "malformed_header");
  CHECK(verdict_of("[]", "{}") == "malformed_header");
}

TEST_CASE("what is no compact token is refused") {
  const Scheme scheme = scheme_named("vonage-jwt");
  const std::string good = token(kHeader, "{}");
  CHECK(verdict_of(scheme, "bearer " + good) == "ok");
  CHECK(verdict_of(scheme, good) == "malformed_header");
  CHECK(verdict_of(scheme, "Bearer  " + good) == "malformed_header");
  CHECK(verdict_of(scheme, "Bearer " + good + ".") == "malformed_header");
  CHECK(verdict_of(scheme, "Bearer a.b") == "malformed_header");
  CHECK(verdict_of(scheme, "Bearer ..") == "malformed_header");
  CHECK(verdict_of(scheme, "Bearer " + good + "=") == "malformed_signature");
  CHECK(verdict_of(scheme, "Bearer " + good.substr(0, good.size() - 2)) == "malformed_signature");
}

TEST_CASE("a hash of the body among the claims has to be the body's") {
  const std::string claim = R"({"payload_hash":")" + kHashOfBody + "\"}";
  CHECK(verdict_of(kHeader, claim, "{}") == "ok");
  CHECK(verdict_of(kHeader, claim, "[]") == "body_mismatch");
  CHECK(verdict_of(kHeader, R"({"payload_hash":null})") == "body_mismatch");
  CHECK(verdict_of(kHeader, R"({"payload_hash":"44136FA3"})") == "body_mismatch");
  Scheme strict = scheme_named("vonage-jwt");
  set(strict, "body_hash_required", "1");
  CHECK(verdict_of(strict, "Bearer " + token(kHeader, claim)) == "ok");
  CHECK(verdict_of(strict, "Bearer " + token(kHeader, "{}")) == "body_mismatch");
  CHECK(verdict_of(strict, "Bearer " + token(kHeader, "not JSON")) == "malformed_header");
}

TEST_CASE("only somebody whose signature is right learns that the body is another") {
  const std::string claim = R"({"payload_hash":")" + kHashOfBody + "\"}";
  std::string forged = token(kHeader, claim);
  forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
  CHECK(verdict_of(scheme_named("vonage-jwt"), "Bearer " + forged, "[]") == "signature_mismatch");
}

TEST_CASE("a token counts from its nbf, by the tolerance, to its exp") {
  CHECK(verdict_of(kHeader, R"({"exp":1700000001})") == "ok");
  CHECK(verdict_of(kHeader, R"({"exp":1700000000})") == "timestamp_too_old");
  CHECK(verdict_of(kHeader, R"({"nbf":1700000300})") == "ok");
  CHECK(verdict_of(kHeader, R"({"nbf":1700000301})") == "timestamp_too_new");
  for (const char* value : {"null", "[]", "true", "-1", "\"soon\"", "1e400"}) {
    CAPTURE(value);
    CHECK(verdict_of(kHeader, R"({"exp":)" + std::string(value) + "}") != "ok");
  }
  Scheme lenient = scheme_named("vonage-jwt");
  set(lenient, "check_expiry", "0");
  CHECK(verdict_of(lenient, "Bearer " + token(kHeader, R"({"exp":1})")) == "ok");
}

TEST_CASE("a token whose scheme has a time is as old as its iat") {
  Scheme scheme = scheme_named("vonage-jwt");
  scheme.timestamp = TimestampForm::seconds;
  scheme.timestamp_field = "iat";
  const auto at = [&](const std::string& claims) {
    return verdict_of(scheme, "Bearer " + token(kHeader, claims));
  };
  CHECK(at(R"({"iat":1700000300})") == "ok");
  CHECK(at(R"({"iat":1699999700})") == "ok");
  CHECK(at(R"({"iat":1699999699})") == "timestamp_too_old");
  CHECK(at(R"({"iat":1700000301})") == "timestamp_too_new");
  CHECK(at("{}") == "malformed_timestamp");
  CHECK(at("not JSON") == "malformed_header");
  CHECK(at(R"({"iat":1700000000.5})") == "malformed_timestamp");
}

TEST_CASE("what is signed as a token is verified again") {
  const SigningRequest request{.body = "{}", .id = "a\"b", .timestamp = kNow};
  const Scheme plaid = scheme_named("plaid");
  const auto message = must_sign(plaid, ec_private_key(), request);
  CHECK(verdict_of_signed(plaid, ec_private_key(), message, "{}") == "ok");
  CHECK(verdict_of_signed(plaid, ec_private_key(), message, "{ }") == "body_mismatch");
  CHECK(verdict_of_signed(plaid, ec_private_key(), message, "{}", {},
                          kNow + std::chrono::seconds(301)) == "timestamp_too_old");
  const Scheme vonage = scheme_named("vonage-jwt");
  const auto bearer = must_sign(vonage, kSecret, request);
  CHECK(bearer.headers.front().value.starts_with("Bearer "));
  CHECK(verdict_of_signed(vonage, kSecret, bearer, "{}") == "ok");
  CHECK(verdict_of_signed(vonage, kSecret, bearer, "{ }") == "body_mismatch");
}

TEST_CASE("a token's key is asked for only where the token can be right") {
  Scheme scheme = scheme_named("plaid");
  set(scheme, "kid", "key-1");
  const auto ask = [&](const SignedMessage& message, std::string_view body, TimePoint now) {
    const auto views = views_of(message.headers);
    const auto keyless = Verifier::create_keyless(std::make_shared<Scheme>(scheme), std::nullopt);
    REQUIRE(keyless.ok());
    const auto answer = find_key_reference(*keyless, {.body = body, .headers = views}, now);
    const auto* refusal = std::get_if<Refusal>(&answer);
    return refusal != nullptr ? std::string(to_string(refusal->reason))
                              : std::get<KeyReference>(answer).id;
  };
  const auto message = must_sign(scheme, ec_private_key(), {.body = "{}", .timestamp = kNow});
  CHECK(ask(message, "{}", kNow) == "key-1");
  CHECK(ask(message, "[]", kNow) == "body_mismatch");
  CHECK(ask(message, "{}", kNow + std::chrono::hours(1)) == "timestamp_too_old");
  CHECK(ask(message, "{}", kNow - std::chrono::hours(1)) == "timestamp_too_new");
  const auto nameless =
      must_sign(scheme_named("plaid"), ec_private_key(), {.body = "{}", .timestamp = kNow});
  CHECK(ask(nameless, "{}", kNow) == "untrusted_key");
  CHECK(ask({}, "{}", kNow) == "missing_header");
}
