// Takes the value of a signature header apart into the signatures that a key
// may be tried on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "webhookcore/core/scheme.h"
#include "webhookcore/core/scheme_key.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

inline constexpr std::size_t kMaxSignatureBytes = 64;  // Ed25519 and SHA-512.

std::size_t signature_size(Algorithm algorithm);

struct Candidate {
  Algorithm algorithm;
  std::array<char, kMaxSignatureBytes> bytes;

  std::string_view view() const { return {bytes.data(), signature_size(algorithm)}; }
};

// Four kilobytes on the stack, deliberately not cleared: `count` says how much
// of it means something.
struct ParsedSignatures {
  std::string_view timestamp;  // Of a list that carries one.
  std::size_t count = 0;
  // At least one signature was of a version that a key is for.
  bool has_known_version = false;
  std::array<Candidate, kMaxSignatures> candidates;

  std::span<const Candidate> all() const { return {candidates.data(), count}; }
};

// Fills `out`. The reason is one of too_many_signatures, malformed_header and,
// for a header that is no list, unsupported_version. A signature that cannot be
// decoded is left out; whether that matters is up to the caller.
std::optional<Reason> parse_signature_header(const Scheme& scheme,
                                             std::span<const VerificationKey> keys,
                                             std::string_view value, ParsedSignatures& out);

}  // namespace webhookcore
