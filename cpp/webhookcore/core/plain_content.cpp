#include "webhookcore/core/plain_content.h"

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore {
namespace {

constexpr std::size_t kMaxIdBytes = 256;

std::optional<Reason> parse_signatures(const Scheme& scheme, std::span<const VerificationKey> keys,
                                       const SigningHeaders& headers, const SignedRequest& request,
                                       ParsedSignatures& out) {
  const HeaderFamily& family = *headers.family;
  if (!family.numbered) return parse_signature_header(scheme, keys, headers.signature, out);
  for (const Header& header : request.headers) {
    if (!is_numbered_header(header.name, family.signature)) continue;
    if (const auto fault = parse_signature_header(scheme, keys, header.value, out)) return fault;
  }
  return std::nullopt;
}

}  // namespace

std::variant<PlainContentRead, Refusal> read_plain_content(const Scheme& scheme,
                                                           std::span<const VerificationKey> keys,
                                                           const SignedRequest& request,
                                                           ParsedSignatures& signatures) {
  const auto found = read_signing_headers(scheme, request.headers);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return *refusal;
  PlainContentRead read{.headers = std::get<SigningHeaders>(found)};
  const HeaderFamily& family = *read.headers.family;

  if (const auto fault = parse_signatures(scheme, keys, read.headers, request, signatures)) {
    return Refusal{*fault, family.signature};
  }
  const std::string_view id = read.headers.id;
  if (!family.id.empty() && (id.size() > kMaxIdBytes || !is_visible_ascii(id))) {
    return Refusal{Reason::malformed_header, family.id};
  }

  const bool time_in_list = !scheme.format.timestamp_tag.empty();
  if (time_in_list) read.headers.timestamp = signatures.timestamp;
  read.timestamp_header = time_in_list ? family.signature : family.timestamp;
  if (scheme.timestamp != TimestampForm::none && scheme.timestamp_field.empty()) {
    read.timestamp = parse_timestamp(scheme.timestamp, read.headers.timestamp);
    if (!read.timestamp) return Refusal{Reason::malformed_timestamp, read.timestamp_header};
  }

  if (!signatures.has_known_version) {
    return Refusal{Reason::unsupported_version, family.signature};
  }
  if (signatures.count == 0) return Refusal{Reason::malformed_signature, family.signature};
  return read;
}

std::optional<Refusal> fault_of(const SignedContent& content) {
  if (content.missing_header().empty()) return std::nullopt;
  return Refusal{content.has_repeated_header() ? Reason::duplicate_header : Reason::missing_header,
                 content.missing_header()};
}

}  // namespace webhookcore
