// One signature as text, in a header or in a body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/core/special/special_content.h"

namespace webhookcore::special {

// nullopt for what cannot be decoded, and for a length that no signature of the
// algorithm has.
std::optional<std::string> decode_signature(SignatureEncoding encoding, Algorithm algorithm,
                                            std::string_view text);

std::string encode_signature(SignatureEncoding encoding, std::string_view bytes);

// The first of the scheme's versions that the key is for, and its signature.
struct VersionSignature {
  const Version* version;
  std::string bytes;
};
Result<VersionSignature> sign_with_first_fitting(const Scheme& scheme, const SignContent& sign,
                                                 std::string_view content);

Error refused(std::string field, std::string detail);

}  // namespace webhookcore::special
