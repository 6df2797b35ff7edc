#include "webhookcore/base/encoding.h"

#include <array>

namespace webhookcore {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::string_view kBase64UrlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kForeign = 0xFF;
using DigitTable = std::array<std::uint8_t, 256>;

constexpr DigitTable table_of(std::string_view digits) {
  DigitTable table{};
  table.fill(kForeign);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr DigitTable any_case_hex() {
  DigitTable table = table_of(kHexDigits);
  for (char c = 'A'; c <= 'F'; ++c) {
    table[static_cast<unsigned char>(c)] = static_cast<std::uint8_t>(c - 'A' + 10);
  }
  return table;
}

constexpr DigitTable kLowerHexValues = table_of(kHexDigits);
constexpr DigitTable kAnyHexValues = any_case_hex();
constexpr DigitTable kBase64Values = table_of(kBase64Digits);
constexpr DigitTable kBase64UrlValues = table_of(kBase64UrlDigits);

constexpr std::uint8_t value_of(const DigitTable& table, char c) {
  return table[static_cast<unsigned char>(c)];
}

// Takes the padding off; nullopt where it is missing or not what the length asks for.
std::optional<std::string_view> without_padding(std::string_view text, Padding padding) {
  if (text.size() % 4 != 0) {
    // Half padded ("QQ=") is neither of the two spellings.
    if (padding == Padding::required || text.back() == '=') return std::nullopt;
    return text;
  }
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  return text;
}

std::string encode_digits(std::string_view bytes, std::string_view digits) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t held = 0;
  int held_bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    held_bits += 8;
    while (held_bits >= 6) {
      held_bits -= 6;
      text.push_back(digits[held >> held_bits & 63]);
    }
  }
  if (held_bits > 0) text.push_back(digits[held << (6 - held_bits) & 63]);
  return text;
}

enum class TrailingBits : std::uint8_t { refused, dropped };

// Takes digits alone, without padding.
std::optional<std::size_t> decode_digits_into(std::span<char> out, std::string_view digits,
                                              const DigitTable& values, TrailingBits trailing) {
  // One digit alone holds six bits, which is no byte.
  if (digits.size() % 4 == 1) return std::nullopt;
  const std::size_t size = digits.size() * 3 / 4;
  if (size > out.size()) return std::nullopt;
  std::uint32_t held = 0;
  int held_bits = 0;
  std::size_t written = 0;
  for (const char c : digits) {
    const std::uint8_t value = value_of(values, c);
    if (value == kForeign) return std::nullopt;
    held = held << 6 | value;
    held_bits += 6;
    if (held_bits >= 8) {
      held_bits -= 8;
      out[written++] = static_cast<char>(held >> held_bits & 0xFF);
    }
  }
  const std::uint32_t trailing_bits = held & ((1U << held_bits) - 1);
  if (trailing_bits != 0 && trailing == TrailingBits::refused) return std::nullopt;
  return written;
}

template <typename DecodeInto>
std::optional<std::string> decode_to_string(std::size_t size, DecodeInto decode_into) {
  std::string bytes(size, '\0');
  const auto written = decode_into(std::span<char>(bytes));
  if (!written) return std::nullopt;
  bytes.resize(*written);
  return bytes;
}

}  // namespace

std::string encode_hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 15]);
  }
  return text;
}

std::string encode_base64(std::string_view bytes) {
  std::string text = encode_digits(bytes, kBase64Digits);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::string encode_base64url(std::string_view bytes) {
  return encode_digits(bytes, kBase64UrlDigits);
}

std::optional<std::size_t> decode_hex_into(std::span<char> out, std::string_view text,
                                           HexCase accepted) {
  if (text.size() % 2 != 0 || text.size() / 2 > out.size()) return std::nullopt;
  const DigitTable& table = accepted == HexCase::lower ? kLowerHexValues : kAnyHexValues;
  const std::size_t size = text.size() / 2;
  const char* digits = text.data();
  std::uint8_t seen = 0;  // Only a foreign character sets the highest bit.
  for (std::size_t i = 0; i < size; ++i, digits += 2) {
    const std::uint8_t high = value_of(table, digits[0]);
    const std::uint8_t low = value_of(table, digits[1]);
    seen |= high | low;
    out[i] = static_cast<char>(high << 4 | (low & 15));
  }
  if ((seen & 0x80) != 0) return std::nullopt;
  return size;
}

std::optional<std::size_t> decode_base64_into(std::span<char> out, std::string_view text,
                                              Padding padding) {
  const auto digits = without_padding(text, padding);
  if (!digits) return std::nullopt;
  return decode_digits_into(
      out, *digits, kBase64Values,
      padding == Padding::required ? TrailingBits::refused : TrailingBits::dropped);
}

std::optional<std::size_t> decode_base64url_into(std::span<char> out, std::string_view text) {
  return decode_digits_into(out, text, kBase64UrlValues, TrailingBits::refused);
}

std::optional<std::string> decode_hex(std::string_view text, HexCase accepted) {
  return decode_to_string(
      text.size() / 2, [&](std::span<char> out) { return decode_hex_into(out, text, accepted); });
}

std::optional<std::string> decode_base64(std::string_view text, Padding padding) {
  return decode_to_string((text.size() / 4 + 1) * 3, [&](std::span<char> out) {
    return decode_base64_into(out, text, padding);
  });
}

std::optional<std::string> decode_base64url(std::string_view text) {
  return decode_to_string(text.size(),
                          [&](std::span<char> out) { return decode_base64url_into(out, text); });
}

}  // namespace webhookcore
