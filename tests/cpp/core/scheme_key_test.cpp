#include "webhookcore/core/scheme_key.h"

#include "catch.h"
#include "webhookcore/base/encoding.h"

using namespace webhookcore;

namespace {

std::string fault_of(const char* scheme, std::string_view text) {
  const auto key = parse_verification_key(*find_scheme(scheme), text);
  if (key) return "";
  CHECK(key.error().code == ErrorCode::config);
  return key.error().detail;
}

bool accepts(const char* scheme, std::string_view text) { return fault_of(scheme, text).empty(); }

std::string base64_of_bytes(std::size_t size) { return encode_base64(std::string(size, 'k')); }

}  // namespace

TEST_CASE("a blank secret is refused by every scheme") {
  for (const Scheme& scheme : built_in_schemes()) {
    CAPTURE(scheme.name);
    for (const char* text : {"", " ", "\t\n", "   "}) {
      CHECK_FALSE(parse_verification_key(scheme, text).ok());
      CHECK_FALSE(parse_signing_key(scheme, text).ok());
    }
  }
  CHECK_FALSE(accepts("standard", "whsec_"));
  CHECK_FALSE(accepts("standard", "whsec_  "));
}

TEST_CASE("a text secret is its bytes, but holds no line break and no NUL") {
  CHECK(accepts("github", "It's a Secret to Everybody"));
  CHECK(accepts("github", "gehe\xC3\xAFm"));
  CHECK(accepts("stripe", "whsec_test"));
  CHECK_FALSE(accepts("github", "secret\n"));
  CHECK_FALSE(accepts("github", std::string_view("sec\0ret", 7)));
}

TEST_CASE("an encoded secret has at least 16 bytes and one meaning") {
  CHECK(accepts("standard", "whsec_" + base64_of_bytes(16)));
  CHECK(accepts("standard", base64_of_bytes(24)));
  CHECK_FALSE(accepts("standard", "whsec_" + base64_of_bytes(15)));
  CHECK_FALSE(accepts("standard", "whsec_" + base64_of_bytes(24) + " "));
  CHECK_FALSE(accepts("standard", "whsec_!!!!"));
  CHECK_FALSE(accepts("standard", "sk_live_" + base64_of_bytes(24)));

  Scheme hexadecimal = *find_scheme("generic");
  hexadecimal.key = {.form = KeyForm::hex};
  CHECK(parse_verification_key(hexadecimal, std::string(16, 'a') + std::string(16, 'B')).ok());
  CHECK_FALSE(parse_verification_key(hexadecimal, std::string(30, 'a')).ok());
  CHECK_FALSE(parse_verification_key(hexadecimal, std::string(33, 'a')).ok());
}

TEST_CASE("the form of a Standard Webhooks key decides its algorithm") {
  SeededRandom random(5);
  const auto pair = generate_keypair(random);
  REQUIRE(pair.ok());
  const Scheme& scheme = *find_scheme("standard");
  for (const std::string& text : {pair->verification_key, pair->signing_key}) {
    const auto key = parse_verification_key(scheme, text);
    REQUIRE(key.ok());
    CHECK(key->algorithm == Algorithm::ed25519);
  }
  const std::string svix_spelling = "whpk1_" + pair->verification_key.substr(5);
  CHECK(accepts("svix", svix_spelling));
  CHECK(accepts("svix", "whsk1_" + pair->signing_key.substr(5)));
  CHECK(parse_verification_key(scheme, generate_secret(random))->algorithm ==
        Algorithm::hmac_sha256);
}

TEST_CASE("a public key can neither sign nor be taken for a secret") {
  SeededRandom random(5);
  const auto pair = generate_keypair(random);
  CHECK_FALSE(parse_signing_key(*find_scheme("standard"), pair->verification_key).ok());
  for (const char* scheme : {"stripe", "github", "generic", "slack"}) {
    CHECK_FALSE(accepts(scheme, pair->verification_key));
  }
}

TEST_CASE("a signing key whose public half belongs to another seed is refused") {
  SeededRandom random(5);
  const auto pair = generate_keypair(random);
  std::string bytes = decode_base64(pair->signing_key.substr(5)).value();
  REQUIRE(bytes.size() == 64);
  bytes[40] = static_cast<char>(bytes[40] ^ 1);
  CHECK_FALSE(accepts("standard", "whsk_" + encode_base64(bytes)));
  CHECK_FALSE(accepts("standard", "whsk_" + encode_base64(bytes.substr(0, 32))));
  CHECK_FALSE(accepts("standard", "whpk_" + encode_base64(bytes.substr(0, 31))));
}

TEST_CASE("a scheme that knows Ed25519 alone takes a bare key by its length") {
  Scheme scheme = *find_scheme("generic");
  scheme.versions = {{"", Algorithm::ed25519}};
  scheme.key = {.form = KeyForm::hex};
  // RFC 8032, section 7.1, test 1.
  const std::string seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const std::string pub = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  CHECK(parse_verification_key(scheme, pub).ok());
  CHECK_FALSE(parse_signing_key(scheme, pub).ok());
  CHECK(parse_signing_key(scheme, seed + pub).ok());
  CHECK_FALSE(parse_signing_key(scheme, pub + seed).ok());
}

TEST_CASE("generated secrets are 32 fresh bytes behind their prefix") {
  SeededRandom random(9);
  const std::string first = generate_secret(random);
  CHECK(first.starts_with("whsec_"));
  CHECK(decode_base64(first.substr(6)).value().size() == 32);
  CHECK(generate_secret(random) != first);
}

TEST_CASE("the refusal of a secret shows no part of it") {
  const std::string secret = "Zk9QxW7LrT";
  const std::string texts[] = {"whsec_" + secret + "!", "whsk_" + secret, "whpk_" + secret,
                               "whsec_" + secret, secret + "\n"};
  for (const std::string& text : texts) {
    for (const char* scheme : {"standard", "github"}) {
      const std::string fault = fault_of(scheme, text);
      for (std::size_t i = 0; i + 4 <= secret.size(); ++i) {
        CHECK(fault.find(secret.substr(i, 4)) == std::string::npos);
      }
    }
  }
}
