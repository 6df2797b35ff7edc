// Structured header fields (RFC 8941): dictionaries, as Signature-Input, Signature and
// Content-Digest are. Strict: a repeated key or parameter, which the RFC lets the last
// of win, is refused, and so is base64 without its padding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webhookcore::special {

struct FieldValue {
  enum class Type : std::uint8_t { integer, decimal, string, token, bytes, boolean };
  Type type = Type::boolean;
  // Numbers and tokens as they are written, strings and bytes decoded, booleans "0" or "1".
  std::string text = "1";
};

struct FieldParameter {
  std::string_view name;
  FieldValue value;
};

struct FieldItem {
  FieldValue value;
  std::vector<FieldParameter> parameters = {};
  std::string_view written = {};  // The item and its parameters, as they came.
};

// A member of a dictionary: an item, or a list of them in parentheses.
struct FieldMember {
  std::string_view key;
  bool is_list = false;
  std::vector<FieldItem> items = {};  // Exactly one where it is no list.
  std::vector<FieldParameter> parameters = {};
  std::string_view written = {};  // All behind the key's '='.
};

// Of keys, items and parameters, each.
inline constexpr std::size_t kMaxFieldEntries = 64;

// Holds views into the text. nullopt for any other text, or one with too many entries.
std::optional<std::vector<FieldMember>> parse_dictionary(std::string_view text);

const FieldMember* find_field(const std::vector<FieldMember>& members, std::string_view key);
const FieldValue* find_parameter(const std::vector<FieldParameter>& parameters,
                                 std::string_view name);

// The text as a string of such a field; nullopt where it is not printable ASCII.
std::optional<std::string> quote_field(std::string_view text);

}  // namespace webhookcore::special
