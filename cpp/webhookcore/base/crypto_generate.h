// New asymmetric keys, for users' own tests: what a provider with a public key would hold.
#pragma once

#include <string>
#include <string_view>

#include "webhookcore/base/crypto_keys.h"
#include "webhookcore/base/error.h"

namespace webhookcore {

struct PemPair {
  std::string private_key;  // PKCS#8. The caller wipes it where it matters.
  std::string public_key;   // SubjectPublicKeyInfo.
};

// RSA keys have 2048 bits and take some 100 ms; the others are made at once. By OpenSSL's own
// random numbers.
Result<PemPair> generate_pem_pair(KeyType type);

}  // namespace webhookcore
