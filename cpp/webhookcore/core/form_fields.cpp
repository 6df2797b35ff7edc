#include "webhookcore/core/form_fields.h"

#include <algorithm>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/encoding.h"

namespace webhookcore {
namespace {

std::string decode_form_text(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char byte = text[i] == '+' ? ' ' : text[i];
    char escaped = '\0';
    if (byte == '%' && i + 2 < text.size() &&
        decode_hex_into({&escaped, 1}, text.substr(i + 1, 2), HexCase::any)) {
      byte = escaped;
      i += 2;
    }
    decoded.push_back(byte);
  }
  return decoded;
}

}  // namespace

std::vector<FormField> parse_form(std::string_view text) {
  std::vector<FormField> fields;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t separator = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(separator + 1, pair.size()));
    fields.emplace_back(decode_form_text(pair.substr(0, separator)), decode_form_text(value));
  }
  return fields;
}

bool has_media_type(std::string_view content_type, std::string_view lower_case_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t end = type.find_last_not_of(" \t");
  type = type.substr(0, end == std::string_view::npos ? 0 : end + 1);
  return equals_ignoring_case(type, lower_case_type);
}

bool is_form(std::string_view content_type) {
  return has_media_type(content_type, "application/x-www-form-urlencoded");
}

}  // namespace webhookcore
