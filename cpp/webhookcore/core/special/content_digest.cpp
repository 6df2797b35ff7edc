#include "webhookcore/core/special/content_digest.h"

#include <span>

#include "webhookcore/base/crypto.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/special/structured_fields.h"

namespace webhookcore::special {
namespace {

struct KnownHash {
  std::string_view name;
  Hash hash;
};
constexpr KnownHash kKnown[] = {{"sha-256", Hash::sha256}, {"sha-512", Hash::sha512}};

}  // namespace

std::optional<Reason> check_content_digest(std::string_view value, std::string_view body) {
  if (value.size() > kMaxSignatureHeaderBytes) return Reason::header_too_large;
  const auto members = parse_dictionary(value);
  if (!members) return Reason::malformed_header;
  bool any = false;
  for (const KnownHash& known : kKnown) {
    const FieldMember* member = find_field(*members, known.name);
    if (member == nullptr) continue;
    if (member->is_list || member->items.front().value.type != FieldValue::Type::bytes) {
      return Reason::malformed_header;
    }
    const Digest actual = digest(known.hash, std::span(&body, 1));
    if (!equal_in_constant_time(actual.view(), member->items.front().value.text)) {
      return Reason::body_mismatch;
    }
    any = true;
  }
  if (!any) return Reason::body_mismatch;
  return std::nullopt;
}

std::string make_content_digest(std::string_view body) {
  const Digest hash = digest(Hash::sha256, std::span(&body, 1));
  return "sha-256=:" + encode_base64(hash.view()) + ":";
}

}  // namespace webhookcore::special
