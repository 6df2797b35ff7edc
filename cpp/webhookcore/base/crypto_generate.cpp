#include "webhookcore/base/crypto_generate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "webhookcore/base/crypto_openssl.h"

namespace webhookcore {

namespace {

constexpr std::size_t kRsaBits = 2048;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

Owned<EVP_PKEY> generate(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return Owned<EVP_PKEY>(EVP_RSA_gen(kRsaBits));
    case KeyType::ec_p256:
      return Owned<EVP_PKEY>(EVP_EC_gen("P-256"));
    case KeyType::ed25519:
      break;
  }
  return Owned<EVP_PKEY>(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

// What `write`, one of OpenSSL's PEM_write_bio functions, writes; empty when it fails.
template <typename Write>
std::string written(Write write) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

Result<PemPair> generate_pem_pair(KeyType type) {
  const QuietErrors quiet;
  const Owned<EVP_PKEY> key = generate(type);
  PemPair pair;
  if (key != nullptr) {
    pair.private_key = written([&](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    pair.public_key = written([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); });
  }
  if (pair.private_key.empty() || pair.public_key.empty()) {
    return Error{ErrorCode::config, "OpenSSL made no key"};
  }
  return pair;
}

}  // namespace webhookcore
