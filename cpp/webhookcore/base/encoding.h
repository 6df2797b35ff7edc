// Hexadecimal and base64 (RFC 4648), strict: what these decoders accept has
// exactly one spelling, so that a signature's text cannot be varied.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace webhookcore {

enum class HexCase : std::uint8_t { lower, any };
enum class Padding : std::uint8_t { required, optional };

std::string encode_hex(std::string_view bytes);  // Lower case.
std::string encode_base64(std::string_view bytes);

// nullopt for an odd length or a foreign character. Signatures are lower case;
// keys may be written in either.
std::optional<std::string> decode_hex(std::string_view text, HexCase accepted = HexCase::lower);

// nullopt for a foreign character, white space, wrong padding or non-zero
// trailing bits. Secrets are often copied without their padding.
std::optional<std::string> decode_base64(std::string_view text, Padding padding = Padding::required);

}  // namespace webhookcore
