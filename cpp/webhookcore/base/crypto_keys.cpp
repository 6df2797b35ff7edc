#include "webhookcore/base/crypto_keys.h"

#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <vector>

#include "webhookcore/base/crypto_openssl.h"
#include "webhookcore/base/pem.h"

namespace webhookcore {

struct KeyHandle {
  Owned<EVP_PKEY> key;
};

namespace {

constexpr std::size_t kEd25519KeyBytes = 32;
constexpr int kP256Bytes = 32;
constexpr int kPssSaltBytes = 64;

Error refused(const char* detail) { return {ErrorCode::config, detail}; }

struct AlgorithmDetails {
  KeyType type;
  const char* hash;  // Null where the algorithm hashes by itself.
  int rsa_padding = 0;
};

const AlgorithmDetails& details_of(SignatureAlgorithm algorithm) {
  static constexpr std::array<AlgorithmDetails, 6> details{
      {{KeyType::ed25519, nullptr},
       {KeyType::ec_p256, "SHA256"},
       {KeyType::ec_p256, "SHA256"},
       {KeyType::rsa, "SHA1", RSA_PKCS1_PADDING},
       {KeyType::rsa, "SHA256", RSA_PKCS1_PADDING},
       {KeyType::rsa, "SHA512", RSA_PKCS1_PSS_PADDING}}};
  return details[static_cast<std::size_t>(algorithm)];
}

bool set_padding(EVP_PKEY_CTX* options, const AlgorithmDetails& details) {
  if (details.type != KeyType::rsa) return true;
  if (EVP_PKEY_CTX_set_rsa_padding(options, details.rsa_padding) != 1) return false;
  return details.rsa_padding != RSA_PKCS1_PSS_PADDING ||
         (EVP_PKEY_CTX_set_rsa_mgf1_md_name(options, details.hash, nullptr) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(options, kPssSaltBytes) == 1);
}

// Empty when `raw` is not 64 bytes. Numbers out of range are for verification
// to refuse.
std::string der_from_raw(std::string_view raw) {
  if (raw.size() != std::size_t{2} * kP256Bytes) return {};
  const Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(as_unsigned(raw), kP256Bytes, nullptr);
  BIGNUM* s = BN_bin2bn(as_unsigned(raw) + kP256Bytes, kP256Bytes, nullptr);
  if (signature == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(der);
  return out;
}

std::string raw_from_der(std::string_view der) {
  const auto signature =
      parse_whole(der, [](auto** at, long size) { return d2i_ECDSA_SIG(nullptr, at, size); });
  std::string raw(std::size_t{2} * kP256Bytes, '\0');
  if (signature == nullptr ||
      BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), as_unsigned(raw), kP256Bytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), as_unsigned(raw) + kP256Bytes, kP256Bytes) <
          0) {
    return {};
  }
  return raw;
}

// The one block that is the key; see the two from_pem for which blocks may
// stand beside it.
Result<PemBlock> read_key_block(std::string_view text) {
  if (text.size() > kMaxKeyInputBytes) return refused("the key is larger than 64 KiB");
  auto blocks = read_pem(text);
  if (!blocks) return blocks.error();
  if (blocks->size() > 1 && blocks->front().label == "EC PARAMETERS") {
    blocks->erase(blocks->begin());
  }
  const bool chain = std::all_of(blocks->begin(), blocks->end(), [](const PemBlock& block) {
    return block.label == "CERTIFICATE";
  });
  if (blocks->size() > 1 && !chain) {
    return refused("the text holds more than one PEM block; which one is the key is not clear");
  }
  return std::move(blocks->front());
}

std::shared_ptr<const KeyHandle> hold(Owned<EVP_PKEY> key) {
  return std::make_shared<const KeyHandle>(KeyHandle{std::move(key)});
}

// Sets up `context` to make or check a signature; false when the key and the
// algorithm do not go together.
template <typename Init>
bool begin(Init init, EVP_MD_CTX* context, SignatureAlgorithm algorithm, EVP_PKEY* key) {
  const AlgorithmDetails& details = details_of(algorithm);
  EVP_PKEY_CTX* options = nullptr;  // Belongs to `context`.
  return context != nullptr &&
         init(context, &options, details.hash, nullptr, nullptr, key, nullptr) == 1 &&
         set_padding(options, details);
}

std::string spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string out(reinterpret_cast<char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(der);
  return out;
}

std::string raw_public_key(EVP_PKEY* key) {
  std::string bytes(kEd25519KeyBytes, '\0');
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, as_unsigned(bytes), &size) != 1) return {};
  return bytes;
}

}  // namespace

KeyType key_type_of(SignatureAlgorithm algorithm) { return details_of(algorithm).type; }

Result<PublicKey> PublicKey::checked(std::shared_ptr<const KeyHandle> handle) {
  const auto type = check_public_key(handle->key.get());
  if (!type) return type.error();
  return PublicKey(*type, std::move(handle));
}

Result<PublicKey> PublicKey::from_pem(std::string_view text) {
  const QuietErrors quiet;
  const auto block = read_key_block(text);
  if (!block) return block.error();
  const std::string_view der = block->der.reveal();
  if (block->label == "PUBLIC KEY") return checked(hold(parse_spki(der)));
  if (block->label == "RSA PUBLIC KEY") return checked(hold(parse_rsa_public(der)));
  if (block->label == "CERTIFICATE") return checked(hold(parse_certificate(der)));
  const auto key = PrivateKey::from_pem(text);
  if (!key) return key.error();
  return key->public_key();
}

Result<PublicKey> PublicKey::from_spki(std::string_view der) {
  const QuietErrors quiet;
  return checked(hold(parse_spki(der)));
}

Result<PublicKey> PublicKey::from_ed25519(std::string_view bytes) {
  if (bytes.size() != kEd25519KeyBytes) return refused("an Ed25519 public key has 32 bytes");
  const QuietErrors quiet;
  return checked(hold(Owned<EVP_PKEY>(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, as_unsigned(bytes), bytes.size()))));
}

Result<PublicKey> PublicKey::from_ec_p256(std::string_view x, std::string_view y) {
  if (x.size() != kP256Bytes || y.size() != kP256Bytes) {
    return refused("a coordinate of P-256 has 32 bytes");
  }
  // RFC 5480: the algorithm, the curve, and a point that is not compressed.
  static constexpr std::string_view prefix{
      "\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03"
      "\x01\x07\x03\x42\x00\x04",
      27};
  return from_spki(std::string(prefix).append(x).append(y));
}

Result<PublicKey> PublicKey::from_rsa(std::string_view n, std::string_view e) {
  const QuietErrors quiet;
  return checked(hold(rsa_of(n, e)));
}

std::string PublicKey::ed25519_bytes() const {
  if (type_ != KeyType::ed25519) return {};
  const QuietErrors quiet;
  return raw_public_key(handle_->key.get());
}

bool PublicKey::verify(SignatureAlgorithm algorithm, std::string_view message,
                       std::string_view signature) const {
  if (key_type_of(algorithm) != type_) return false;
  const QuietErrors quiet;
  EVP_PKEY* const key = handle_->key.get();
  std::string converted;
  if (algorithm == SignatureAlgorithm::ecdsa_p256_raw) {
    converted = der_from_raw(signature);
    signature = converted;
  }
  // OpenSSL takes a PSS signature without its leading zero bytes for the same.
  if (type_ == KeyType::rsa && signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key)))
    return false;
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return begin(EVP_DigestVerifyInit_ex, context.get(), algorithm, key) &&
         EVP_DigestVerify(context.get(), as_unsigned(signature), signature.size(),
                          as_unsigned(message), message.size()) == 1;
}

// A private key whose public half is not its own signs without complaint what
// nobody can verify, so one message is signed and checked. Of Ed25519 the
// public half is computed and cannot differ.
Result<PrivateKey> PrivateKey::checked(std::shared_ptr<const KeyHandle> handle) {
  EVP_PKEY* const pkey = handle->key.get();
  if (pkey == nullptr) {
    return refused("the private key cannot be read: damaged, cut off, encrypted, or not one");
  }
  auto half = EVP_PKEY_is_a(pkey, "ED25519") == 1 ? PublicKey::from_ed25519(raw_public_key(pkey))
                                                  : PublicKey::from_spki(spki_of(pkey));
  if (!half) return half.error();
  PrivateKey key(std::move(*half), std::move(handle));
  if (key.type() == KeyType::ed25519) return key;
  const auto algorithm = key.type() == KeyType::ec_p256 ? SignatureAlgorithm::ecdsa_p256_der
                         : EVP_PKEY_is_a(pkey, "RSA-PSS") == 1
                             ? SignatureAlgorithm::rsa_pss_sha512
                             : SignatureAlgorithm::rsa_pkcs1_sha256;
  const auto signature = key.sign(algorithm, "probe");
  if (!signature || !key.public_key().verify(algorithm, "probe", *signature)) {
    return refused("the private key does not belong to its public half");
  }
  return key;
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view text) {
  const QuietErrors quiet;
  const auto block = read_key_block(text);
  if (!block) return block.error();
  const std::string_view der = block->der.reveal();
  if (block->label == "PRIVATE KEY") return checked(hold(parse_pkcs8(der)));
  if (block->label == "EC PRIVATE KEY") return checked(hold(parse_private(EVP_PKEY_EC, der)));
  if (block->label == "RSA PRIVATE KEY") return checked(hold(parse_private(EVP_PKEY_RSA, der)));
  if (block->label == "ENCRYPTED PRIVATE KEY") {
    return refused("the private key is encrypted; it has to be decrypted first");
  }
  if (block->label.ends_with("PUBLIC KEY") || block->label == "CERTIFICATE") {
    return refused("a public key or a certificate can verify but not sign");
  }
  return refused("the PEM block is not of a kind that can be this key");
}

Result<PrivateKey> PrivateKey::from_pkcs8(std::string_view der) {
  const QuietErrors quiet;
  return checked(hold(parse_pkcs8(der)));
}

Result<PrivateKey> PrivateKey::from_ed25519_seed(std::string_view seed) {
  if (seed.size() != kEd25519KeyBytes) return refused("an Ed25519 seed has 32 bytes");
  const QuietErrors quiet;
  return checked(hold(Owned<EVP_PKEY>(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, as_unsigned(seed), seed.size()))));
}

Result<std::string> PrivateKey::sign(SignatureAlgorithm algorithm, std::string_view message) const {
  if (key_type_of(algorithm) != type()) return refused("the key is of another type");
  const QuietErrors quiet;
  EVP_PKEY* const key = handle_->key.get();
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = signature.size();
  if (!begin(EVP_DigestSignInit_ex, context.get(), algorithm, key) ||
      EVP_DigestSign(context.get(), as_unsigned(signature), &size, as_unsigned(message),
                     message.size()) != 1) {
    return refused("the key cannot make signatures of this algorithm");
  }
  signature.resize(size);
  if (algorithm == SignatureAlgorithm::ecdsa_p256_raw) signature = raw_from_der(signature);
  return signature;
}

}  // namespace webhookcore
