// Takes the value of a signature header apart into the signatures that a key
// may be tried on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "webhookcore/core/scheme.h"
#include "webhookcore/core/scheme_key.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

// 0 where signatures of the algorithm differ in length (DER, RSA).
std::size_t signature_size(Algorithm algorithm);

// Trivial, so that an array of them costs nothing until it is filled.
struct Candidate {
  Algorithm algorithm;
  const char* data;
  std::size_t size;

  std::string_view bytes() const { return {data, size}; }  // Decoded. Of a token: its SHA-256.
};

// Eight kilobytes on the stack, deliberately not cleared: `count` and `used` say how
// much of it means something. Holds views into itself, and is not moved.
struct ParsedSignatures {
  ParsedSignatures() = default;
  ParsedSignatures(const ParsedSignatures&) = delete;
  ParsedSignatures& operator=(const ParsedSignatures&) = delete;

  std::string_view timestamp;  // Of a list that carries one.
  std::size_t count = 0;
  // At least one signature was of a version that a key is for.
  bool has_known_version = false;
  std::array<Candidate, kMaxSignatures> candidates;
  // As much as the largest header can decode to; of several headers together, too.
  std::size_t used = 0;
  std::array<char, kMaxSignatureHeaderBytes> decoded;

  std::span<const Candidate> all() const { return {candidates.data(), count}; }
};

// Adds to `out`. The reason is one of too_many_signatures, malformed_header and,
// for a header that is no list, unsupported_version. A signature that cannot be
// decoded is left out; whether that matters is up to the caller.
// Called once for each header where the scheme has several.
std::optional<Reason> parse_signature_header(const Scheme& scheme,
                                             std::span<const VerificationKey> keys,
                                             std::string_view value, ParsedSignatures& out);

}  // namespace webhookcore
