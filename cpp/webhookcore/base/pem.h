// The text form of keys and certificates (RFC 7468), without any reading of
// what is inside: base64 between two lines that name it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/base/secret.h"

namespace webhookcore {

struct PemBlock {
  std::string label;  // Such as "PUBLIC KEY".
  Secret der;         // Wiped, for it may be a private key.
};

// At least one block, in the order of the text. Before the first there may be
// words, as `openssl x509 -text` writes them; between two and after the last
// only white space. Inside, line breaks may be any white space or missing:
// settings files fold them. A block with header lines (RFC 1421: encrypted) is
// refused. Errors show no byte of the text.
Result<std::vector<PemBlock>> read_pem(std::string_view text);

}  // namespace webhookcore
