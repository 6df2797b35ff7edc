#include "webhookcore/base/netstring.h"

#include "webhookcore/base/bytes.h"

namespace webhookcore {

namespace {

// No value of a database is longer than 10^9 bytes.
constexpr int kLongestLength = 10;

}  // namespace

void append_netstring(std::string& out, std::string_view item) {
  out += std::to_string(item.size());
  out += ':';
  out += item;
  out += ',';
}

std::string encode_list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) append_netstring(out, item);
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

}  // namespace webhookcore
