#include "webhookcore/core/signed_content.h"

#include <utility>

#include "webhookcore/base/checksum.h"
#include "webhookcore/base/crypto.h"
#include "webhookcore/base/encoding.h"

namespace webhookcore {
namespace {

// The escapes that HubSpot's documentation lists as undone before signing ("Validating
// requests", v3); every other one stays as it came.
constexpr std::pair<std::string_view, char> kUndone[] = {
    {"%3A", ':'},  {"%2F", '/'}, {"%3F", '?'}, {"%40", '@'}, {"%21", '!'}, {"%24", '$'},
    {"%27", '\''}, {"%28", '('}, {"%29", ')'}, {"%2A", '*'}, {"%2C", ','}, {"%3B", ';'}};

std::string undo_escapes(std::string_view url) {
  std::string out;
  out.reserve(url.size());
  while (!url.empty()) {
    char byte = url.front();
    std::size_t taken = 1;
    for (const auto& [escape, character] : kUndone) {
      if (!url.starts_with(escape)) continue;
      byte = character;
      taken = escape.size();
      break;
    }
    out.push_back(byte);
    url.remove_prefix(taken);
  }
  return out;
}

}  // namespace

SignedContent::SignedContent(const Scheme& scheme, const ContentParts& parts) {
  for (const Segment& segment : scheme.signed_content) {
    if (count_ == pieces_.size()) break;  // check_scheme() refuses more.
    pieces_[count_++] = part_of(scheme, segment, parts);
  }
}

std::string_view SignedContent::part_of(const Scheme& scheme, const Segment& segment,
                                        const ContentParts& parts) {
  switch (segment.kind) {
    case Segment::Kind::literal:
      return segment.text;
    case Segment::Kind::body:
      return parts.body;
    case Segment::Kind::id:
      return parts.id;
    case Segment::Kind::timestamp:
      return parts.timestamp;
    case Segment::Kind::url:
      return parts.url;
    case Segment::Kind::decoded_url:
      return decoded_url_ = undo_escapes(parts.url);
    case Segment::Kind::method:
      return parts.method;
    case Segment::Kind::header:
      return header(segment.text, parts.headers);
    case Segment::Kind::body_sha256:
      return body_sha256_ = encode_hex(digest(Hash::sha256, std::span(&parts.body, 1)).view());
    case Segment::Kind::body_crc32:
      return body_crc32_ = std::to_string(crc32(parts.body));
    case Segment::Kind::setting:
      return scheme.setting(segment.text);
  }
  return {};
}

std::string_view SignedContent::header(std::string_view name, std::span<const Header> headers) {
  const HeaderMatch match = find_header(headers, name);
  if (match.count == 1 && match.first->representable) return match.first->value;
  has_repeated_header_ = has_repeated_header_ || match.count > 1;
  if (missing_header_.empty()) missing_header_ = name;
  return {};
}

void join(std::span<const std::string_view> pieces, std::string& out) {
  out.clear();
  for (const std::string_view piece : pieces) out.append(piece);
}

}  // namespace webhookcore
