// The words for what a scheme can be, in the public face and in stored texts: each at
// the place of its value. Files outlive programs, so a word is never changed.
#pragma once

#include <array>
#include <string_view>

#include "webhookcore/core/scheme.h"

namespace webhookcore {

inline constexpr std::array<std::string_view, 12> kAlgorithms = {
    "hmac-sha1",        "hmac-sha256",    "hmac-sha384",    "hmac-sha512",
    "ed25519",          "ecdsa-p256-der", "ecdsa-p256-raw", "rsa-pkcs1-sha1",
    "rsa-pkcs1-sha256", "rsa-pss-sha512", "sha256-prefix",  "equal"};
inline constexpr std::array<std::string_view, 4> kKeyForms = {"utf8", "b64", "hex", "public"};
inline constexpr std::array<std::string_view, 3> kEncodings = {"hex", "b64", "b64url"};
inline constexpr std::array<std::string_view, 6> kTimestamps = {"",         "s",   "ms",
                                                                "s-or-iso", "iso", "http-date"};
inline constexpr std::array<std::string_view, 9> kSpecials = {
    "", "twilio", "mailgun", "adyen", "aws-sns", "paypal", "hook0", "jws", "rfc9421"};

}  // namespace webhookcore
