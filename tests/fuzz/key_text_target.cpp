// PEM and DER of any shape: a key of a known type, or an error.
#include "fuzz_input.h"
#include "webhookcore/base/crypto_keys.h"
#include "webhookcore/base/pem.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = as_text(data, size);
  const auto blocks = read_pem(bytes);
  require(!blocks.ok() || !blocks->empty());
  for (const auto& key : {PublicKey::from_pem(bytes), PublicKey::from_spki(bytes)}) {
    if (!key.ok()) continue;
    require(!key->verify(SignatureAlgorithm::rsa_pkcs1_sha256, bytes, bytes));
    require(!key->verify(SignatureAlgorithm::ecdsa_p256_der, bytes, bytes));
  }
  (void)PrivateKey::from_pem(bytes);
  return 0;
}
