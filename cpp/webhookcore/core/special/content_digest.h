// Content-Digest (RFC 9530): the body's hashes in a header, which a signature covers in
// the body's stead.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/core/verifier.h"

namespace webhookcore::special {

// Every hash in it that is known (sha-256, sha-512) has to be the body's, and one of
// them there: else body_mismatch. malformed_header for what is no such header.
std::optional<Reason> check_content_digest(std::string_view value, std::string_view body);

std::string make_content_digest(std::string_view body);  // By SHA-256.

}  // namespace webhookcore::special
