#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <array>

#include "webhookcore/base/crypto_openssl.h"

namespace webhookcore {

Owned<EVP_PKEY> parse_spki(std::string_view der) {
  return parse_whole(der, [](auto** at, long size) { return d2i_PUBKEY(nullptr, at, size); });
}

Owned<EVP_PKEY> parse_rsa_public(std::string_view der) {
  return parse_whole(
      der, [](auto** at, long size) { return d2i_PublicKey(EVP_PKEY_RSA, nullptr, at, size); });
}

Owned<EVP_PKEY> parse_certificate(std::string_view der) {
  const auto certificate =
      parse_whole(der, [](auto** at, long size) { return d2i_X509(nullptr, at, size); });
  return Owned<EVP_PKEY>(certificate == nullptr ? nullptr : X509_get_pubkey(certificate.get()));
}

Owned<EVP_PKEY> parse_pkcs8(std::string_view der) {
  const auto info = parse_whole(
      der, [](auto** at, long size) { return d2i_PKCS8_PRIV_KEY_INFO(nullptr, at, size); });
  return Owned<EVP_PKEY>(info == nullptr ? nullptr : EVP_PKCS82PKEY(info.get()));
}

Owned<EVP_PKEY> parse_private(int type, std::string_view der) {
  return parse_whole(
      der, [type](auto** at, long size) { return d2i_PrivateKey(type, nullptr, at, size); });
}

Owned<EVP_PKEY> rsa_of(std::string_view n, std::string_view e) {
  if (n.size() > kMaxKeyInputBytes || e.size() > kMaxKeyInputBytes) return nullptr;
  const Owned<BIGNUM> modulus(BN_bin2bn(as_unsigned(n), static_cast<int>(n.size()), nullptr));
  const Owned<BIGNUM> exponent(BN_bin2bn(as_unsigned(e), static_cast<int>(e.size()), nullptr));
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return Owned<EVP_PKEY>(key);
}

namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;
constexpr int kMaxRsaExponentBits = 64;  // OpenSSL verifies with no larger one above 3072 bits.

Error refused(const char* detail) { return {ErrorCode::config, detail}; }

Result<KeyType> check_rsa(EVP_PKEY* key) {
  BIGNUM* n = nullptr;
  BIGNUM* e = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n);
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e);
  const Owned<BIGNUM> modulus(n);
  const Owned<BIGNUM> exponent(e);
  if (n == nullptr || e == nullptr) return refused("the RSA key lacks its modulus or exponent");
  if (BN_num_bits(n) < kMinRsaBits) return refused("the RSA key has fewer than 2048 bits");
  if (BN_num_bits(n) > kMaxRsaBits) return refused("the RSA key has more than 8192 bits");
  if (BN_is_odd(n) == 0) return refused("the RSA modulus is even");
  if (BN_is_odd(e) == 0 || BN_is_one(e) == 1 || BN_num_bits(e) > kMaxRsaExponentBits) {
    return refused("the RSA exponent is even, 1, or above 64 bits");
  }
  std::array<char, 32> hash{};
  constexpr int mandatory = 2;
  if (EVP_PKEY_is_a(key, "RSA-PSS") == 1 &&
      EVP_PKEY_get_default_digest_name(key, hash.data(), hash.size()) == mandatory &&
      EVP_MD_is_a(EVP_sha512(), hash.data()) != 1) {
    return refused("the RSA-PSS key is restricted to a hash other than SHA-512");
  }
  return KeyType::rsa;
}

Result<KeyType> check_ec(EVP_PKEY* key) {
  std::array<char, 32> curve{};
  int spelled_out = 0;  // As parameters and not by name: CVE-2020-0601 was built on those.
  if (EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr) != 1 ||
      std::string_view(curve.data()) != SN_X9_62_prime256v1 ||
      EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelled_out) !=
          1 ||
      spelled_out != 0) {
    return refused("the key's curve is not P-256");
  }
  // The parser accepts the point at infinity.
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (EVP_PKEY_public_check(context.get()) != 1) return refused("the key is no point of P-256");
  return KeyType::ec_p256;
}

}  // namespace

Result<KeyType> check_public_key(EVP_PKEY* key) {
  if (key == nullptr)
    return refused("the key cannot be read: damaged, cut off, or of another form");
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyType::ed25519;
  if (EVP_PKEY_is_a(key, "EC") == 1) return check_ec(key);
  if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) return check_rsa(key);
  return refused("the key is neither Ed25519, nor EC P-256, nor RSA");
}

}  // namespace webhookcore
