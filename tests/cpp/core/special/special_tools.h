// Reads, signs and verifies by the functions of the special schemes.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/key_fixtures.h"
#include "catch.h"
#include "core/signing_tools.h"
#include "webhookcore/core/special/special_content.h"

namespace webhookcore::test {

inline Scheme scheme_named(const char* name) {
  const auto scheme = find_scheme(name);
  if (scheme == nullptr) FAIL("no scheme " << name);
  return *scheme;
}

inline void set(Scheme& scheme, const std::string& name, const std::string& value) {
  for (Setting& setting : scheme.settings) {
    if (setting.name == name) {
      setting.value = value;
      return;
    }
  }
  scheme.settings.push_back({name, value});
}

inline std::string rsa_private_key() {
  return "-----BEGIN RSA PRIVATE KEY-----\n" + std::string(fixtures::kRfc9421Rsa) +
         "\n-----END RSA PRIVATE KEY-----\n";
}
inline std::string ec_private_key() {
  return "-----BEGIN EC PRIVATE KEY-----\n" + std::string(fixtures::kRfc9421Ec) +
         "\n-----END EC PRIVATE KEY-----\n";
}
inline std::string ed25519_private_key() {
  return "-----BEGIN PRIVATE KEY-----\n" + std::string(fixtures::kRfc9421Ed25519) +
         "\n-----END PRIVATE KEY-----\n";
}

inline SpecialReading read(const Scheme& scheme, std::string_view body,
                           const std::vector<OwnedHeader>& headers = {},
                           std::string_view url = "https://example.com/hook",
                           TimePoint now = kNow) {
  const auto views = views_of(headers);
  return read_special_content(scheme, {.body = body, .headers = views, .url = url}, now);
}

// "ok" or the reason's text; what is told last is no refusal yet.
inline std::string outcome(const SpecialReading& reading) {
  const auto* refusal = std::get_if<Refusal>(&reading);
  return refusal == nullptr ? "ok" : std::string(to_string(refusal->reason));
}

inline std::string content_of(const SpecialReading& reading, std::size_t part = 0) {
  const auto* content = std::get_if<SpecialContentRead>(&reading);
  if (content == nullptr) FAIL(outcome(reading));
  return content->parts.at(part).contents.front();
}

inline Result<SignedMessage> try_to_sign(const Scheme& scheme, const std::string& secret,
                                         const SigningRequest& request) {
  auto key = parse_signing_key(scheme, secret);
  if (!key) FAIL(key.error().detail);
  const std::vector<SigningKey> keys = [&] {
    std::vector<SigningKey> all;
    all.push_back(std::move(*key));
    return all;
  }();
  return sign_message(scheme, keys, request);
}

inline SignedMessage must_sign(const Scheme& scheme, const std::string& secret,
                               const SigningRequest& request) {
  auto message = try_to_sign(scheme, secret, request);
  if (!message) FAIL(message.error().field << ": " << message.error().detail);
  return std::move(*message);
}

inline std::string verdict(const Scheme& scheme, const std::string& secret,
                           const SignedRequest& request, TimePoint now = kNow) {
  const auto verifier = make_verifier(std::make_shared<const Scheme>(scheme), {secret});
  return outcome(verifier.verify(request, now));
}

// What a receiver says to a message whose headers or body were signed.
inline std::string verdict_of_signed(const Scheme& scheme, const std::string& secret,
                                     const SignedMessage& message, std::string_view body,
                                     std::string_view url = "https://example.com/hook",
                                     TimePoint now = kNow) {
  const auto views = views_of(message.headers);
  const std::string_view sent = message.body ? std::string_view(*message.body) : body;
  return verdict(scheme, secret, {.body = sent, .headers = views, .url = url}, now);
}

}  // namespace webhookcore::test
