// Makes signed requests for the tests of verifying and signing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "webhookcore/core/signer.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore::test {

inline const TimePoint kNow{std::chrono::seconds{1'700'000'000}};

inline const std::string kStandardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
// Of Standard Webhooks' own test suite.
inline const std::string kStandardPublicKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

// A secret that the scheme takes as a key.
inline std::string secret_for(const Scheme& scheme, int number = 1) {
  if (scheme.key.form == KeyForm::hex) return std::string(64, static_cast<char>('0' + number));
  if (scheme.key.form != KeyForm::base64) return "secret number " + std::to_string(number);
  SeededRandom random(static_cast<std::uint64_t>(number));
  return generate_secret(random);
}

// Those of one shared secret whose MAC, in a header, covers the body and no other header.
inline std::vector<Scheme> body_mac_schemes() {
  std::vector<Scheme> found;
  for (const Scheme& scheme : built_in_schemes()) {
    const bool is_hmac = scheme.versions.front().algorithm <= Algorithm::hmac_sha512;
    const bool is_form = scheme.special == SpecialContent::twilio;
    bool covers_body = is_form;
    bool covers_headers = false;
    for (const Segment& segment : scheme.signed_content) {
      covers_body |= segment.kind == Segment::Kind::body;
      covers_headers |= segment.kind == Segment::Kind::header;
    }
    const bool is_row = is_form || scheme.special == SpecialContent::none;
    if (is_hmac && is_row && covers_body && !covers_headers && scheme.timestamp_field.empty()) {
      found.push_back(scheme);
    }
  }
  if (found.size() < 60) FAIL("only " << found.size() << " schemes are looked at");
  return found;
}

inline Verifier make_verifier(std::shared_ptr<const Scheme> scheme,
                              const std::vector<std::string>& secrets) {
  const std::vector<std::string_view> views(secrets.begin(), secrets.end());
  auto verifier = Verifier::create(std::move(scheme), views, std::nullopt);
  if (!verifier) FAIL(verifier.error().detail);
  return std::move(*verifier);
}

inline Verifier make_verifier(const char* scheme, const std::vector<std::string>& secrets) {
  return make_verifier(find_scheme(scheme), secrets);
}

inline std::vector<OwnedHeader> sign_with(const Scheme& scheme,
                                          const std::vector<std::string>& secrets,
                                          const SigningRequest& request) {
  std::vector<SigningKey> keys;
  for (const auto& secret : secrets) {
    auto key = parse_signing_key(scheme, secret);
    if (!key) FAIL(key.error().detail);
    keys.push_back(std::move(*key));
  }
  auto headers = sign(scheme, keys, request);
  if (!headers) FAIL(headers.error().field + ": " + headers.error().detail);
  return std::move(*headers);
}

inline std::vector<Header> views_of(const std::vector<OwnedHeader>& headers) {
  std::vector<Header> views;
  for (const auto& header : headers) views.push_back({header.name, header.value});
  return views;
}

inline std::string value_of(const std::vector<OwnedHeader>& headers, std::string_view name) {
  const auto views = views_of(headers);
  const auto match = find_header(views, name);
  return match.count == 1 ? std::string(match.first->value) : "";
}

// "ok" or the reason's text.
inline std::string outcome(const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? "ok" : std::string(to_string(refusal->reason));
}

inline std::string outcome(const Verifier& verifier, const std::vector<OwnedHeader>& headers,
                           std::string_view body, TimePoint now = kNow) {
  const auto views = views_of(headers);
  return outcome(verifier.verify({.body = body, .headers = views}, now));
}

}  // namespace webhookcore::test
