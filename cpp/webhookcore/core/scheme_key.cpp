#include "webhookcore/core/scheme_key.h"

#include <algorithm>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/encoding.h"

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
    case Algorithm::hmac_sha256:
    case Algorithm::ed25519:
      break;
  }
  return Hash::sha256;
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
      break;
  }
  if (has_control_byte(text)) {
    return refused("the secret holds a control character, such as a line break from its file");
  }
  return Secret(text);
}

// What a secret's text turned out to be.
struct KeyMaterial {
  enum class Kind : std::uint8_t { hmac, ed25519_public, ed25519_seed };
  Kind kind = Kind::hmac;
  Algorithm algorithm = Algorithm::hmac_sha256;
  Secret bytes = {};
  std::string public_key = {};  // Of a seed.
};

Result<KeyMaterial> ed25519_public(Secret bytes) {
  if (bytes.reveal().size() != kPublicKeyBytes) {
    return refused("an Ed25519 public key has 32 bytes once decoded");
  }
  return KeyMaterial{KeyMaterial::Kind::ed25519_public, Algorithm::ed25519, std::move(bytes)};
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
  return KeyMaterial{KeyMaterial::Kind::ed25519_seed, Algorithm::ed25519, std::move(pair->seed),
                     std::move(pair->public_key)};
}

// Without a prefix the length tells a public key from a signing key.
Result<KeyMaterial> ed25519_by_length(Secret bytes) {
  return bytes.reveal().size() == kPublicKeyBytes ? ed25519_public(std::move(bytes))
                                                  : ed25519_pair(bytes);
}

Result<KeyMaterial> prefixed_ed25519(std::string_view text, bool is_public) {
  auto bytes = decode(KeyForm::base64, text);
  if (!bytes) return bytes.error();
  return is_public ? ed25519_public(std::move(*bytes)) : ed25519_pair(*bytes);
}

// The first version that such a key can be for; a list may mix algorithms.
std::optional<Algorithm> algorithm_of(const Scheme& scheme, bool asymmetric) {
  for (const Version& version : scheme.versions) {
    if ((version.algorithm == Algorithm::ed25519) == asymmetric) return version.algorithm;
  }
  return std::nullopt;
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

  take_prefix(rest, scheme.key.prefixes);
  if (is_blank(rest)) return refused("the secret is empty after its prefix");
  auto bytes = decode(scheme.key.form, rest);
  if (!bytes) return bytes.error();
  const auto hmac = algorithm_of(scheme, false);
  if (!hmac) return ed25519_by_length(std::move(*bytes));
  if (scheme.key.form != KeyForm::utf8 && bytes->reveal().size() < kMinDecodedBytes) {
    return refused("the secret is shorter than 16 bytes once decoded");
  }
  return KeyMaterial{KeyMaterial::Kind::hmac, *hmac, std::move(*bytes)};
}

Result<HmacKey> hmac_key(const KeyMaterial& material) {
  return HmacKey::create(hash_of(material.algorithm), material.bytes.reveal());
}

}  // namespace

Result<VerificationKey> parse_verification_key(const Scheme& scheme, std::string_view text) {
  const auto material = parse(scheme, text);
  if (!material) return material.error();
  if (material->kind == KeyMaterial::Kind::hmac) {
    auto key = hmac_key(*material);
    if (!key) return key.error();
    return VerificationKey{material->algorithm, std::move(*key),
                           !text.starts_with(scheme.key.usual_prefix)};
  }
  const bool is_public = material->kind == KeyMaterial::Kind::ed25519_public;
  auto key = Ed25519PublicKey::create(is_public ? material->bytes.reveal()
                                                : std::string_view(material->public_key));
  if (!key) return key.error();
  return VerificationKey{material->algorithm, std::move(*key)};
}

Result<SigningKey> parse_signing_key(const Scheme& scheme, std::string_view text) {
  auto material = parse(scheme, text);
  if (!material) return material.error();
  switch (material->kind) {
    case KeyMaterial::Kind::ed25519_public:
      return refused("a public key can verify but not sign; signing takes the whsk_ key");
    case KeyMaterial::Kind::ed25519_seed:
      return SigningKey{material->algorithm, std::move(material->bytes)};
    case KeyMaterial::Kind::hmac:
      break;
  }
  auto key = hmac_key(*material);
  if (!key) return key.error();
  return SigningKey{material->algorithm, std::move(*key)};
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
