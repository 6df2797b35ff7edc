// Tries keys on signatures, all of them, without an early exit.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "webhookcore/core/scheme_key.h"
#include "webhookcore/core/signature_header.h"

namespace webhookcore {

// The first key that matches, after all of them were tried on everything: neither
// time nor answer tells a forger how near it was.
std::optional<std::size_t> find_matching_key(std::span<const VerificationKey> keys,
                                             std::span<const Candidate> candidates,
                                             std::span<const std::string_view> pieces);

}  // namespace webhookcore
