#include "webhookcore/store/sqlite/text_list.h"

#include <utility>

#include "webhookcore/base/bytes.h"

namespace webhookcore::sqlite {

namespace {

// No value of a database is longer than 10^9 bytes.
constexpr int kLongestLength = 10;

void append(std::string& out, std::string_view item) {
  out += std::to_string(item.size());
  out += ':';
  out += item;
  out += ',';
}

}  // namespace

std::string encode_list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) append(out, item);
  return out;
}

std::optional<std::vector<std::string>> decode_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto length = parse_decimal(text.substr(0, colon), kLongestLength);
    text.remove_prefix(colon + 1);
    if (!length || text.size() <= static_cast<std::size_t>(*length)) return std::nullopt;
    const auto size = static_cast<std::size_t>(*length);
    if (text[size] != ',') return std::nullopt;
    items.emplace_back(text.substr(0, size));
    text.remove_prefix(size + 1);
  }
  return items;
}

std::string encode_headers(const std::vector<OwnedHeader>& headers) {
  std::string out;
  for (const OwnedHeader& header : headers) {
    append(out, header.name);
    append(out, header.value);
  }
  return out;
}

std::optional<std::vector<OwnedHeader>> decode_headers(std::string_view text) {
  auto items = decode_list(text);
  if (!items || items->size() % 2 != 0) return std::nullopt;
  std::vector<OwnedHeader> headers;
  headers.reserve(items->size() / 2);
  for (std::size_t i = 0; i < items->size(); i += 2) {
    headers.push_back({std::move((*items)[i]), std::move((*items)[i + 1])});
  }
  return headers;
}

}  // namespace webhookcore::sqlite
