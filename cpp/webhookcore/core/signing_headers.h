// The first step of verifying: which headers carry the signature, and are they
// such that anything may be read from them at all.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "webhookcore/core/headers.h"
#include "webhookcore/core/scheme.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

// Values as they came, of one family alone; of numbered headers the first. Empty where the scheme
// has no such header; a header that it has is never empty.
struct SigningHeaders {
  const HeaderFamily* family = nullptr;
  std::string_view signature = {};
  std::string_view timestamp = {};
  std::string_view id = {};
};

// "X-Signature-2" for the stem "X-Signature-": digits alone after it, at most three.
bool is_numbered_header(std::string_view name, std::string_view stem);

std::variant<SigningHeaders, Refusal> read_signing_headers(const Scheme& scheme,
                                                           std::span<const Header> headers);

}  // namespace webhookcore
