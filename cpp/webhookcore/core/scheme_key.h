// A secret's text turned into a key, once, when it is configured. A text that
// cannot be a key of the scheme is refused here and never at a request.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "webhookcore/base/crypto.h"
#include "webhookcore/base/crypto_keys.h"
#include "webhookcore/base/error.h"
#include "webhookcore/base/random.h"
#include "webhookcore/core/scheme.h"

namespace webhookcore {

// Can check signatures. Made from a secret, a public key, or a signing key (its
// public half).
struct VerificationKey {
  Algorithm algorithm;
  // Secret: what stands before the content (secret_sha256), or a token's SHA-256.
  std::variant<HmacKey, PublicKey, Secret> key;
  bool lacks_usual_prefix = false;  // Of KeyRule: it may be something else, an API key.

  // A public key fits every algorithm of its type: SNS signs with two hashes.
  bool fits(Algorithm other) const;
};

// Can make signatures; a public key cannot.
struct SigningKey {
  Algorithm algorithm;
  // Secret: what stands before the content (secret_sha256), or the token.
  std::variant<HmacKey, PrivateKey, Secret> key;
};

// Of an asymmetric algorithm.
SignatureAlgorithm as_signature_algorithm(Algorithm algorithm);

// ErrorCode::config, naming what is wrong and never showing a byte of the text:
// empty or blank, undecodable, under 16 bytes once decoded, a public half that
// does not belong to its seed.
Result<VerificationKey> parse_verification_key(const Scheme& scheme, std::string_view text);
Result<SigningKey> parse_signing_key(const Scheme& scheme, std::string_view text);

// "whsec_" + base64 of 32 random bytes.
std::string generate_secret(Random& random);

struct KeypairText {
  std::string signing_key;       // "whsk_" + base64(seed, public key)
  std::string verification_key;  // "whpk_" + base64(public key)
};
Result<KeypairText> generate_keypair(Random& random);

}  // namespace webhookcore
