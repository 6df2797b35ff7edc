// Schemes that no row can describe: where the signature and the signed content are
// found by a function. One file for each beside this one; special_content.cpp knows
// which belongs to which scheme.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/scheme.h"
#include "webhookcore/core/signer.h"
#include "webhookcore/core/special/key_reference.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

// Something that was signed by itself.
struct SignedPart {
  std::vector<std::string> contents;  // One of them is what was signed.
  Algorithm algorithm;
  std::string signature;  // Decoded.
  // Where the request does not say which algorithm: the others that it may be. The
  // key's type decides.
  std::vector<Algorithm> other_algorithms = {};
};

// What was read from a request, before any key is looked at.
struct SpecialContentRead {
  std::vector<SignedPart> parts = {};  // Never empty; every one of them has to match.
  std::string_view header = {};        // What a mismatch is laid to; a static text or the scheme's.
  std::optional<TimePoint> timestamp = {};
  std::string_view timestamp_header = {};
  // What is wrong beside the signature, told only to somebody whose signature is right:
  // body_mismatch, timestamp_too_old.
  std::optional<Reason> told_last = {};
  KeyReference key = {};
};

using SpecialReading = std::variant<SpecialContentRead, Refusal>;

// `request` holds any bytes at all. `now` is for times of the scheme's own (the
// `expires` of RFC 9421); the age of `timestamp` is the verifier's business.
SpecialReading read_special_content(const Scheme& scheme, const SignedRequest& request,
                                    TimePoint now);

// Gives the signature's bytes over a content; an error for an algorithm that the key
// is not for.
using SignContent = std::function<Result<std::string>(Algorithm, std::string_view content)>;

// All headers that belong to the signature, and the scheme's id and type headers; or
// the whole body with the signature in it, everything else in it byte for byte.
Result<SignedMessage> sign_special_content(const Scheme& scheme, const SigningRequest& request,
                                           const SignContent& sign);

}  // namespace webhookcore
