// Asymmetric keys and their signatures. Every key is immutable after creation
// and safe to share between threads; copies share one key inside.
//
// What can never be a sound key is refused with ErrorCode::config when it is
// made, and the error shows no byte of it: curves other than P-256, RSA below
// 2048 or above 8192 bits, RSA exponents that are even, 1 or above 64 bits,
// input above 64 KiB, and bytes after the key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "webhookcore/base/error.h"

namespace webhookcore {

// The hash is part of it: ECDSA is with SHA-256, PSS with SHA-512 for the
// message and for MGF1 and a salt of 64 bytes (RFC 9421, section 3.3.1).
enum class SignatureAlgorithm : std::uint8_t {
  ed25519,
  ecdsa_p256_der,  // SEQUENCE of r and s; one encoding, so no byte may follow.
  ecdsa_p256_raw,  // r and s, 32 bytes each.
  rsa_pkcs1_sha1,
  rsa_pkcs1_sha256,
  rsa_pss_sha512,
};
enum class KeyType : std::uint8_t { ed25519, ec_p256, rsa };

KeyType key_type_of(SignatureAlgorithm algorithm);

struct KeyHandle;  // Holds OpenSSL's key; defined in crypto_keys.cpp.

class PublicKey {
 public:
  // "PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE", or a private key, of which
  // the public half is taken. Of a certificate only the key is read: its dates,
  // names and signature are for the caller. Of a chain the first is taken,
  // which is the signer's; any other second block is refused.
  static Result<PublicKey> from_pem(std::string_view text);
  static Result<PublicKey> from_spki(std::string_view der);
  static Result<PublicKey> from_ed25519(std::string_view bytes);
  // The coordinates of a JWK (RFC 7518, section 6.2.1), 32 bytes each.
  static Result<PublicKey> from_ec_p256(std::string_view x, std::string_view y);
  // Modulus and exponent of a JWK (RFC 7518, section 6.3.1), big-endian.
  static Result<PublicKey> from_rsa(std::string_view n, std::string_view e);

  KeyType type() const { return type_; }

  // The 32 bytes that from_ed25519 takes; empty for a key of another type.
  std::string ed25519_bytes() const;

  // False, and nothing worse, for an algorithm of another key type and for
  // whatever is not a signature. ECDSA has two signatures for each one made
  // (s and -s): do not tell messages apart by their signatures.
  bool verify(SignatureAlgorithm algorithm, std::string_view message,
              std::string_view signature) const;

 private:
  PublicKey(KeyType type, std::shared_ptr<const KeyHandle> handle)
      : type_(type), handle_(std::move(handle)) {}
  static Result<PublicKey> checked(std::shared_ptr<const KeyHandle> handle);

  KeyType type_;
  std::shared_ptr<const KeyHandle> handle_;
};

// OpenSSL wipes the private numbers when the last copy goes. An encrypted key
// is refused; nothing ever asks a terminal for its password.
class PrivateKey {
 public:
  // "PRIVATE KEY" (PKCS#8), "EC PRIVATE KEY" (SEC 1, with or without the
  // "EC PARAMETERS" that openssl writes before it), "RSA PRIVATE KEY" (PKCS#1).
  static Result<PrivateKey> from_pem(std::string_view text);
  static Result<PrivateKey> from_pkcs8(std::string_view der);
  static Result<PrivateKey> from_ed25519_seed(std::string_view seed);

  KeyType type() const { return public_key_.type(); }
  const PublicKey& public_key() const { return public_key_; }

  // ECDSA and PSS take fresh random numbers from OpenSSL at every call.
  Result<std::string> sign(SignatureAlgorithm algorithm, std::string_view message) const;

 private:
  PrivateKey(PublicKey public_key, std::shared_ptr<const KeyHandle> handle)
      : public_key_(std::move(public_key)), handle_(std::move(handle)) {}
  static Result<PrivateKey> checked(std::shared_ptr<const KeyHandle> handle);

  PublicKey public_key_;
  std::shared_ptr<const KeyHandle> handle_;
};

}  // namespace webhookcore
