// Questions about raw bytes. A body, a header value or a key is a
// std::string_view of bytes, never text: none of these functions looks at the
// locale or at UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace webhookcore {

// Header names are ASCII and compared without case (RFC 9110, section 5.1).
bool equals_ignoring_case(std::string_view left, std::string_view right);
std::string to_lower_ascii(std::string_view text);

// 0x21 to 0x7E only; an empty text is not visible.
bool is_visible_ascii(std::string_view text);

// True when a byte is below 0x20 or 0x7F.
bool has_control_byte(std::string_view text);

// `0` or a digit string without sign or leading zero, of at most `max_digits`
// (1 to 18); anything else is nullopt, so "1e9", "+1" and " 1" never pass.
std::optional<std::int64_t> parse_decimal(std::string_view text, int max_digits);

}  // namespace webhookcore
