#include "webhookcore/core/json_numbers.h"

#include <algorithm>

namespace webhookcore {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool belongs_to_number(char byte) {
  return is_digit(byte) || byte == '-' || byte == '+' || byte == '.' || byte == 'e' || byte == 'E';
}

// Takes the digits off the front; false when there are none.
bool skip_digits(std::string_view& text) {
  const std::string_view before = text;
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  return text.size() < before.size();
}

bool skip_one_of(std::string_view& text, std::string_view bytes) {
  if (text.empty() || bytes.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// RFC 8259, section 6.
bool is_number(std::string_view text) {
  skip_one_of(text, "-");
  if (!skip_one_of(text, "0") && !skip_digits(text)) return false;
  if (skip_one_of(text, ".") && !skip_digits(text)) return false;
  if (skip_one_of(text, "eE")) {
    skip_one_of(text, "+-");
    if (!skip_digits(text)) return false;
  }
  return text.empty();
}

// Of the string that begins `text`, with both quotes; all of it when it does not end.
std::size_t string_size(std::string_view text) {
  bool escaped = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (!escaped && text[i] == '"') return i + 1;
    escaped = !escaped && text[i] == '\\';
  }
  return text.size();
}

}  // namespace

std::optional<NumberedJson> take_out_numbers(std::string_view json) {
  NumberedJson out;
  out.json.reserve(json.size());
  while (!json.empty()) {
    std::size_t size = 1;
    if (json.front() == '-' || is_digit(json.front())) {
      const auto end = std::find_if_not(json.begin(), json.end(), belongs_to_number);
      size = static_cast<std::size_t>(end - json.begin());
      if (!is_number(json.substr(0, size))) return std::nullopt;
      out.json += std::to_string(out.numbers.size());
      out.numbers.push_back(json.substr(0, size));
    } else {
      if (json.front() == '"') size = string_size(json);
      out.json += json.substr(0, size);
    }
    json.remove_prefix(size);
  }
  return out;
}

}  // namespace webhookcore
