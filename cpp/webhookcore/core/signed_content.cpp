#include "webhookcore/core/signed_content.h"

namespace webhookcore {
namespace {

std::string_view part_of(const Segment& segment, const ContentParts& parts) {
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
    case Segment::Kind::method:
      return parts.method;
  }
  return {};
}

}  // namespace

SignedContent::SignedContent(const Scheme& scheme, const ContentParts& parts) {
  for (const Segment& segment : scheme.signed_content) {
    if (count_ == pieces_.size()) break;  // check_scheme() refuses more.
    pieces_[count_++] = part_of(segment, parts);
  }
}

void join(std::span<const std::string_view> pieces, std::string& out) {
  out.clear();
  for (const std::string_view piece : pieces) out.append(piece);
}

}  // namespace webhookcore
