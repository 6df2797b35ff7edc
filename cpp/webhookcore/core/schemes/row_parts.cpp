#include <cstdlib>
#include <utility>

#include "webhookcore/core/content_template.h"
#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {

std::vector<Segment> content(std::string_view text) {
  auto segments = parse_content_template(text);
  if (!segments) std::abort();
  return std::move(*segments);
}

SignatureFormat hex(std::string prefix) {
  return {.encoding = SignatureEncoding::hex, .prefix = std::move(prefix)};
}

SignatureFormat base64(std::string prefix) {
  return {.encoding = SignatureEncoding::base64, .prefix = std::move(prefix)};
}

SignatureFormat list(std::string timestamp_tag, char item_separator) {
  return {.encoding = SignatureEncoding::hex,
          .item_separator = item_separator,
          .pair_separator = '=',
          .timestamp_tag = std::move(timestamp_tag),
          .strict_items = true};
}

std::vector<Version> only(Algorithm algorithm) { return {{"", algorithm}}; }

std::vector<Version> tagged(std::string tag, Algorithm algorithm) {
  return {{std::move(tag), algorithm}};
}

}  // namespace webhookcore::schemes
