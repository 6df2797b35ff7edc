#include "webhookcore/core/special/algorithm_names.h"

#include <utility>

namespace webhookcore::special {
namespace {

constexpr std::pair<std::string_view, Algorithm> kRfc9421Names[] = {
    {"hmac-sha256", Algorithm::hmac_sha256},          {"ed25519", Algorithm::ed25519},
    {"ecdsa-p256-sha256", Algorithm::ecdsa_p256_raw}, {"rsa-pss-sha512", Algorithm::rsa_pss_sha512},
    {"rsa-v1_5-sha256", Algorithm::rsa_sha256},
};

}  // namespace

std::string_view jose_name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hmac_sha256:
      return "HS256";
    case Algorithm::hmac_sha384:
      return "HS384";
    case Algorithm::hmac_sha512:
      return "HS512";
    case Algorithm::ecdsa_p256_raw:
      return "ES256";
    case Algorithm::rsa_sha256:
      return "RS256";
    case Algorithm::rsa_pss_sha512:
      return "PS512";
    case Algorithm::ed25519:
      return "EdDSA";
    default:
      return {};
  }
}

std::string_view rfc9421_name(Algorithm algorithm) {
  for (const auto& [name, known] : kRfc9421Names) {
    if (known == algorithm) return name;
  }
  return {};
}

std::optional<Algorithm> algorithm_named(std::string_view rfc9421_name) {
  for (const auto& [name, algorithm] : kRfc9421Names) {
    if (name == rfc9421_name) return algorithm;
  }
  return std::nullopt;
}

}  // namespace webhookcore::special
