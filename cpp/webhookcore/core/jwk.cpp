#include "webhookcore/core/jwk.h"

#include <array>
#include <optional>
#include <string>

#include "webhookcore/base/encoding.h"
#include "webhookcore/core/event_fields.h"

namespace webhookcore {
namespace {

enum Member { kty, crv, x, y, n, e, d, member_count };
constexpr std::array<std::string_view, member_count> kNames = {"kty", "crv", "x", "y",
                                                               "n",   "e",   "d"};

Error refused(std::string detail) { return {ErrorCode::config, std::move(detail)}; }

}  // namespace

Result<PublicKey> parse_jwk(std::string_view json) {
  const auto members = find_event_fields(json, kNames);
  if (!members[kty]) return refused("the JWK is no JSON object with a kty");
  if (members[d]) return refused("the JWK is a private key; a receiver needs the public one");
  const auto is = [&](Member member, std::string_view value) { return members[member] == value; };
  const auto number = [&](Member member) -> std::string {
    return members[member] ? decode_base64url(*members[member]).value_or("") : std::string();
  };
  if (is(kty, "EC") && is(crv, "P-256")) return PublicKey::from_ec_p256(number(x), number(y));
  if (is(kty, "OKP") && is(crv, "Ed25519")) return PublicKey::from_ed25519(number(x));
  if (is(kty, "RSA")) return PublicKey::from_rsa(number(n), number(e));
  return refused("the JWK must be EC with P-256, OKP with Ed25519, or RSA");
}

}  // namespace webhookcore
