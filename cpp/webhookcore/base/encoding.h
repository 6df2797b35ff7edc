// Hexadecimal and base64 (RFC 4648), strict: what these decoders accept has
// exactly one spelling, so that a signature's text cannot be varied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace webhookcore {

enum class HexCase : std::uint8_t { lower, any };
enum class Padding : std::uint8_t { required, optional };

std::string encode_hex(std::string_view bytes);  // Lower case.
std::string encode_base64(std::string_view bytes);
std::string encode_base64url(std::string_view bytes);  // Without padding (RFC 4648, section 5).

// nullopt for an odd length or a foreign character. Signatures are lower case;
// keys may be written in either.
std::optional<std::string> decode_hex(std::string_view text, HexCase accepted = HexCase::lower);

// nullopt for a foreign character, white space, wrong padding or non-zero
// trailing bits. `optional` is for secrets, which are often copied without their
// padding, or cut to a length, so that bits are left over after the last byte;
// those are dropped, as every other library does.
std::optional<std::string> decode_base64(std::string_view text,
                                         Padding padding = Padding::required);

// The alphabet of section 5, as JSON Web Tokens write it: nullopt for a foreign
// character, any padding, or non-zero trailing bits.
std::optional<std::string> decode_base64url(std::string_view text);

// The same without allocating: the number of bytes written to the front of
// `out`, or nullopt also where they would not fit. `out` may then hold a part.
std::optional<std::size_t> decode_hex_into(std::span<char> out, std::string_view text,
                                           HexCase accepted = HexCase::lower);
std::optional<std::size_t> decode_base64_into(std::span<char> out, std::string_view text,
                                              Padding padding = Padding::required);
std::optional<std::size_t> decode_base64url_into(std::span<char> out, std::string_view text);

}  // namespace webhookcore
