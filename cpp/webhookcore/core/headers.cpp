#include "webhookcore/core/headers.h"

#include <algorithm>

#include "webhookcore/base/bytes.h"

namespace webhookcore {
namespace {

bool is_token_char(char c) {
  constexpr std::string_view punctuation = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         punctuation.find(c) != std::string_view::npos;
}

}  // namespace

HeaderMatch find_header(std::span<const Header> headers, std::string_view name) {
  HeaderMatch match;
  for (const Header& header : headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    if (match.first == nullptr) match.first = &header;
    ++match.count;
  }
  return match;
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_char);
}

bool is_header_value(std::string_view value) { return !has_control_byte(value); }

}  // namespace webhookcore
