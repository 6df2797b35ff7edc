// What a scheme that its row alone describes finds in a request before any key is
// looked at.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/scheme_key.h"
#include "webhookcore/core/signature_header.h"
#include "webhookcore/core/signed_content.h"
#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

struct PlainContentRead {
  SigningHeaders headers;
  std::optional<TimePoint> timestamp = {};  // Where it stands in a header.
  std::string_view timestamp_header = {};
};

// Fills `signatures`. `keys` say which of a list's versions count.
std::variant<PlainContentRead, Refusal> read_plain_content(const Scheme& scheme,
                                                           std::span<const VerificationKey> keys,
                                                           const SignedRequest& request,
                                                           ParsedSignatures& signatures);

// Why this cannot be what was signed: it names a header that is missing or repeated.
std::optional<Refusal> fault_of(const SignedContent& content);

}  // namespace webhookcore
