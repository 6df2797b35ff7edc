// JSON Web Keys (RFC 7517), the public ones that schemes name.
#pragma once

#include <string_view>

#include "webhookcore/base/crypto_keys.h"
#include "webhookcore/base/error.h"

namespace webhookcore {

// EC of P-256, OKP of Ed25519, or RSA. ErrorCode::config for anything else, and for a
// private one: its text is of no use to a receiver.
Result<PublicKey> parse_jwk(std::string_view json);

}  // namespace webhookcore
