// New keys for users' own tests.

#include "webhookcore/base/crypto_generate.h"

#include <utility>

#include "catch.h"

using namespace webhookcore;  // NOLINT(google-build-using-namespace)

TEST_CASE("what a new private key signs, its public key verifies, and another one does not") {
  for (const auto& [type, algorithm] :
       {std::pair{KeyType::ed25519, SignatureAlgorithm::ed25519},
        std::pair{KeyType::ec_p256, SignatureAlgorithm::ecdsa_p256_raw},
        std::pair{KeyType::rsa, SignatureAlgorithm::rsa_pss_sha512}}) {
    const auto pair = generate_pem_pair(type);
    const auto other = generate_pem_pair(type);
    REQUIRE(pair.ok());
    REQUIRE(other.ok());
    const auto signer = PrivateKey::from_pem(pair->private_key);
    const auto verifier = PublicKey::from_pem(pair->public_key);
    REQUIRE(signer.ok());
    REQUIRE(verifier.ok());
    CHECK(verifier->type() == type);
    const auto signature = signer->sign(algorithm, "hello");
    REQUIRE(signature.ok());
    CHECK(verifier->verify(algorithm, "hello", *signature));
    CHECK_FALSE(verifier->verify(algorithm, "hullo", *signature));
    CHECK_FALSE(PublicKey::from_pem(other->public_key)->verify(algorithm, "hello", *signature));
  }
}
