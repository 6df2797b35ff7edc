#include "webhookcore/store/sqlite/text_list.h"

#include <utility>

namespace webhookcore::sqlite {

std::string encode_headers(const std::vector<OwnedHeader>& headers) {
  std::string out;
  for (const OwnedHeader& header : headers) {
    append_netstring(out, header.name);
    append_netstring(out, header.value);
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
