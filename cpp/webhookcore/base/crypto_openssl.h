// What crypto*.cpp share of OpenSSL, and the reading of keys that it does for
// crypto_keys.cpp. No other file includes this header: OpenSSL's names and
// macros stay behind it.
#pragma once

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "webhookcore/base/crypto_keys.h"

namespace webhookcore {

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(PKCS8_PRIV_KEY_INFO* info) const { PKCS8_PRIV_KEY_INFO_free(info); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// Takes back what a failing call leaves in the thread's error queue, which
// other users of the same libcrypto in this process read.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

inline const unsigned char* as_unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

inline unsigned char* as_unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

constexpr std::size_t kMaxKeyInputBytes = std::size_t{64} * 1024;

// What `parse`, one of OpenSSL's d2i functions, makes of all the bytes; null
// when it fails, leaves some over, or is given too many.
template <typename Parse>
auto parse_whole(std::string_view der, Parse parse) {
  const unsigned char* at = as_unsigned(der);
  const bool too_large = der.size() > kMaxKeyInputBytes;
  auto* parsed = too_large ? nullptr : parse(&at, static_cast<long>(der.size()));
  Owned<std::remove_pointer_t<decltype(parsed)>> whole(parsed);
  if (at != as_unsigned(der) + der.size()) whole.reset();
  return whole;
}

// Null for what is not such a key, whole. All but rsa_of take DER.
Owned<EVP_PKEY> parse_spki(std::string_view der);
Owned<EVP_PKEY> parse_rsa_public(std::string_view der);
Owned<EVP_PKEY> parse_certificate(std::string_view der);
Owned<EVP_PKEY> parse_pkcs8(std::string_view der);
Owned<EVP_PKEY> parse_private(int type, std::string_view der);  // EVP_PKEY_EC or EVP_PKEY_RSA.
Owned<EVP_PKEY> rsa_of(std::string_view n, std::string_view e);

// Whether this is a key that crypto_keys.h promises, and which. `key` may be null.
Result<KeyType> check_public_key(EVP_PKEY* key);

}  // namespace webhookcore
