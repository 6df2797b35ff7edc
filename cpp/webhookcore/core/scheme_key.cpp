#include "webhookcore/core/scheme_key.h"

#include <algorithm>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/jwk.h"

namespace webhookcore {
namespace {

constexpr std::size_t kMinDecodedBytes = 16;
constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kPublicKeyBytes = 32;

// The digit in Svix's spelling tells the algorithm apart; there is only one.
constexpr std::string_view kPublicPrefixes[] = {"whpk_", "whpk1_"};
constexpr std::string_view kSigningPrefixes[] = {"whsk_", "whsk1_"};

Error refused(std::string detail) { return {ErrorCode::config, std::move(detail)}; }

template <typename Prefixes>
bool take_prefix(std::string_view& text, const Prefixes& prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      return true;
    }
  }
  return false;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

Hash hash_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hmac_sha1:
      return Hash::sha1;
    case Algorithm::hmac_sha384:
      return Hash::sha384;
    case Algorithm::hmac_sha512:
      return Hash::sha512;
    default:
      return Hash::sha256;
  }
}

// Moves the decoded bytes into a holder that wipes them, and wipes what is left.
Result<Secret> keep(std::optional<std::string> decoded, const char* otherwise) {
  if (!decoded) return refused(otherwise);
  Secret secret(*decoded);
  wipe(*decoded);
  return secret;
}

Result<Secret> decode(KeyForm form, std::string_view text) {
  switch (form) {
    case KeyForm::base64:
      return keep(decode_base64(text, Padding::optional), "the secret is not base64");
    case KeyForm::hex:
      return keep(decode_hex(text, HexCase::any), "the secret is not hexadecimal");
    case KeyForm::utf8:
    case KeyForm::public_key:
      break;
  }
  if (has_control_byte(text)) {
    return refused("the secret holds a control character, such as a line break from its file");
  }
  return Secret(text);
}

// What a secret's text turned out to be.
using KeyMaterial = std::variant<Secret, PublicKey, PrivateKey>;

Result<KeyMaterial> as_material(Result<PublicKey> key) {
  if (!key) return key.error();
  return KeyMaterial(std::move(*key));
}

Result<KeyMaterial> as_material(Result<PrivateKey> key) {
  if (!key) return key.error();
  return KeyMaterial(std::move(*key));
}

Result<KeyMaterial> ed25519_public(const Secret& bytes) {
  if (bytes.reveal().size() != kPublicKeyBytes) {
    return refused("an Ed25519 public key has 32 bytes once decoded");
  }
  return as_material(PublicKey::from_ed25519(bytes.reveal()));
}

Result<KeyMaterial> ed25519_pair(const Secret& bytes) {
  const std::string_view both = bytes.reveal();
  if (both.size() != kSeedBytes + kPublicKeyBytes) {
    return refused("an Ed25519 signing key has 64 bytes once decoded: seed and public key");
  }
  auto pair = ed25519_from_seed(both.substr(0, kSeedBytes));
  if (!pair) return pair.error();
  if (!equal_in_constant_time(pair->public_key, both.substr(kSeedBytes))) {
    return refused("the public half of the signing key does not belong to its seed");
  }
  return as_material(PrivateKey::from_ed25519_seed(both.substr(0, kSeedBytes)));
}

// Without a prefix the length tells a public key from a signing key.
Result<KeyMaterial> ed25519_by_length(const Secret& bytes) {
  return bytes.reveal().size() == kPublicKeyBytes ? ed25519_public(bytes) : ed25519_pair(bytes);
}

Result<KeyMaterial> prefixed_ed25519(std::string_view text, bool is_public) {
  const auto bytes = decode(KeyForm::base64, text);
  if (!bytes) return bytes.error();
  return is_public ? ed25519_public(*bytes) : ed25519_pair(*bytes);
}

bool begins_pem(std::string_view text) { return text.starts_with("-----BEGIN "); }

Result<KeyMaterial> parse_pem(std::string_view text) {
  const bool is_private = text.find("PRIVATE KEY-----") != std::string_view::npos;
  return is_private ? as_material(PrivateKey::from_pem(text))
                    : as_material(PublicKey::from_pem(text));
}

Result<KeyMaterial> parse_der(const Secret& bytes) {
  auto key = PublicKey::from_spki(bytes.reveal());
  if (key) return as_material(std::move(key));
  auto private_key = PrivateKey::from_pkcs8(bytes.reveal());
  if (private_key) return as_material(std::move(private_key));
  return key.error();
}

// PEM, a JWK or base64 of DER.
Result<KeyMaterial> parse_asymmetric(std::string_view text) {
  if (begins_pem(text)) return parse_pem(text);
  if (text.starts_with('{')) return as_material(parse_jwk(text));
  const auto bytes = decode(KeyForm::base64, text);
  if (!bytes) return refused("the key is neither PEM, nor a JWK, nor base64 of a DER key");
  return parse_der(*bytes);
}

bool has_symmetric(const Scheme& scheme) {
  return std::any_of(scheme.versions.begin(), scheme.versions.end(),
                     [](const Version& version) { return !is_asymmetric(version.algorithm); });
}

bool has_asymmetric(const Scheme& scheme) {
  return std::any_of(scheme.versions.begin(), scheme.versions.end(),
                     [](const Version& version) { return is_asymmetric(version.algorithm); });
}

// The text of a key pair's half. Taken for a shared secret, a public one would let
// everybody sign.
bool is_key_text(std::string_view text) {
  if (begins_pem(text)) return true;
  if (text.starts_with('{')) return text.find("\"kty\"") != std::string_view::npos;
  constexpr std::string_view kSequence = "M";  // Base64 of DER's first byte, 0x30.
  if (!text.starts_with(kSequence)) return false;
  const auto bytes = decode_base64(text, Padding::optional);
  return bytes && PublicKey::from_spki(*bytes).ok();
}

Result<KeyMaterial> parse_plain(const Scheme& scheme, std::string_view text) {
  const bool had_prefix = take_prefix(text, scheme.key.prefixes);
  if (is_blank(text)) return refused("the secret is empty after its prefix");
  const KeyForm form =
      had_prefix ? scheme.key.form : scheme.key.unprefixed_form.value_or(scheme.key.form);
  auto bytes = decode(form, text);
  if (!bytes) return bytes.error();
  if (!has_symmetric(scheme)) return ed25519_by_length(*bytes);
  if (form != KeyForm::utf8 && bytes->reveal().size() < kMinDecodedBytes) {
    return refused("the secret is shorter than 16 bytes once decoded");
  }
  return KeyMaterial(std::move(*bytes));
}

// The private half of a pair. Whatever else begins so may be a provider's shared secret.
bool is_signing_key_text(std::string_view text) {
  if (!take_prefix(text, kSigningPrefixes)) return false;
  auto bytes = decode_base64(text, Padding::optional);
  if (!bytes) return false;
  const bool has_size = bytes->size() == kSeedBytes + kPublicKeyBytes;
  wipe(*bytes);
  return has_size;
}

// The scheme's own prefix, which means what the scheme says.
bool strips(const Scheme& scheme, std::string_view text) {
  return std::any_of(scheme.key.prefixes.begin(), scheme.key.prefixes.end(),
                     [text](const std::string& prefix) { return text.starts_with(prefix); });
}

Result<KeyMaterial> parse(const Scheme& scheme, std::string_view text) {
  if (is_blank(text)) return refused("the secret is empty");
  std::string_view rest = text;
  const bool is_public = take_prefix(rest, kPublicPrefixes);
  if (scheme.key.ed25519_by_prefix && (is_public || take_prefix(rest, kSigningPrefixes))) {
    return prefixed_ed25519(rest, is_public);
  }
  if (is_public) {
    return refused("a public key (whpk_) cannot be a secret: everybody could sign with it");
  }
  if (is_signing_key_text(text) && has_symmetric(scheme) && !strips(scheme, text)) {
    return refused(
        "an Ed25519 signing key (whsk_) is no shared secret: receivers would have to "
        "be given the private key");
  }
  if (scheme.key.form == KeyForm::public_key) return parse_asymmetric(text);
  if (!is_key_text(text)) return parse_plain(scheme, text);
  if (has_asymmetric(scheme)) return parse_asymmetric(text);
  return refused("the secret is a public or private key's text, which is no shared secret");
}

// The first version that a key of the kind can be for; a list may mix algorithms.
template <typename Fits>
std::optional<Algorithm> first_version(const Scheme& scheme, Fits fits) {
  for (const Version& version : scheme.versions) {
    if (fits(version.algorithm)) return version.algorithm;
  }
  return std::nullopt;
}

std::optional<Algorithm> version_for(const Scheme& scheme, KeyType type) {
  return first_version(scheme, [type](Algorithm algorithm) {
    return is_asymmetric(algorithm) && key_type_of(as_signature_algorithm(algorithm)) == type;
  });
}

Algorithm symmetric_version(const Scheme& scheme) {
  return first_version(scheme, [](Algorithm algorithm) { return !is_asymmetric(algorithm); })
      .value_or(Algorithm::hmac_sha256);
}

Error wrong_key_type() {
  return refused("the key is of another type than this scheme's signatures");
}

Result<VerificationKey> public_verification_key(const Scheme& scheme, PublicKey key) {
  const auto algorithm = version_for(scheme, key.type());
  if (!algorithm) return wrong_key_type();
  return VerificationKey{*algorithm, std::move(key)};
}

std::string sha256(std::string_view bytes) {
  return std::string(digest(Hash::sha256, std::span(&bytes, 1)).view());
}

}  // namespace

SignatureAlgorithm as_signature_algorithm(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::ecdsa_p256:
      return SignatureAlgorithm::ecdsa_p256_der;
    case Algorithm::ecdsa_p256_raw:
      return SignatureAlgorithm::ecdsa_p256_raw;
    case Algorithm::rsa_sha1:
      return SignatureAlgorithm::rsa_pkcs1_sha1;
    case Algorithm::rsa_sha256:
      return SignatureAlgorithm::rsa_pkcs1_sha256;
    case Algorithm::rsa_pss_sha512:
      return SignatureAlgorithm::rsa_pss_sha512;
    default:
      return SignatureAlgorithm::ed25519;
  }
}

bool VerificationKey::fits(Algorithm other) const {
  const auto* public_key = std::get_if<PublicKey>(&key);
  if (public_key == nullptr) return other == algorithm;
  return is_asymmetric(other) && key_type_of(as_signature_algorithm(other)) == public_key->type();
}

Result<VerificationKey> parse_verification_key(const Scheme& scheme, std::string_view text) {
  auto material = parse(scheme, text);
  if (!material) return material.error();
  if (auto* key = std::get_if<PublicKey>(&*material)) {
    return public_verification_key(scheme, std::move(*key));
  }
  if (const auto* key = std::get_if<PrivateKey>(&*material)) {
    return public_verification_key(scheme, key->public_key());
  }
  const std::string_view bytes = std::get<Secret>(*material).reveal();
  const Algorithm algorithm = symmetric_version(scheme);
  const bool lacks_prefix = !text.starts_with(scheme.key.usual_prefix);
  if (algorithm == Algorithm::secret_sha256) {
    return VerificationKey{algorithm, Secret(bytes), lacks_prefix};
  }
  if (algorithm == Algorithm::token) {
    return VerificationKey{algorithm, Secret(sha256(bytes)), lacks_prefix};
  }
  auto key = HmacKey::create(hash_of(algorithm), bytes);
  if (!key) return key.error();
  return VerificationKey{algorithm, std::move(*key), lacks_prefix};
}

Result<SigningKey> parse_signing_key(const Scheme& scheme, std::string_view text) {
  auto material = parse(scheme, text);
  if (!material) return material.error();
  if (std::holds_alternative<PublicKey>(*material)) {
    return refused("a public key can verify but not sign; signing takes the private key");
  }
  if (auto* key = std::get_if<PrivateKey>(&*material)) {
    const auto algorithm = version_for(scheme, key->type());
    if (!algorithm) return wrong_key_type();
    return SigningKey{*algorithm, std::move(*key)};
  }
  auto& secret = std::get<Secret>(*material);
  const Algorithm algorithm = symmetric_version(scheme);
  if (algorithm == Algorithm::secret_sha256 || algorithm == Algorithm::token) {
    return SigningKey{algorithm, std::move(secret)};
  }
  auto key = HmacKey::create(hash_of(algorithm), secret.reveal());
  if (!key) return key.error();
  return SigningKey{algorithm, std::move(*key)};
}

std::string generate_secret(Random& random) {
  std::string bytes = random.bytes(32);
  std::string text = "whsec_" + encode_base64(bytes);
  wipe(bytes);
  return text;
}

Result<KeypairText> generate_keypair(Random& random) {
  std::string seed = random.bytes(kSeedBytes);
  const auto pair = ed25519_from_seed(seed);
  if (!pair) {
    wipe(seed);
    return pair.error();
  }
  std::string both = seed + pair->public_key;
  KeypairText text{"whsk_" + encode_base64(both), "whpk_" + encode_base64(pair->public_key)};
  wipe(both);
  wipe(seed);
  return text;
}

}  // namespace webhookcore
