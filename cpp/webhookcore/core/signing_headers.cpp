#include "webhookcore/core/signing_headers.h"

#include <optional>

#include "webhookcore/base/bytes.h"

namespace webhookcore {
namespace {

constexpr std::string_view kContentType = "Content-Type";

struct FamilyMatches {
  HeaderMatch signature;
  HeaderMatch timestamp;
  HeaderMatch id;

  bool any() const { return signature.count + timestamp.count + id.count > 0; }
};

HeaderMatch find_if_named(std::span<const Header> headers, std::string_view name) {
  return name.empty() ? HeaderMatch{} : find_header(headers, name);
}

FamilyMatches find_members(const HeaderFamily& family, std::span<const Header> headers) {
  return {find_header(headers, family.signature), find_if_named(headers, family.timestamp),
          find_if_named(headers, family.id)};
}

std::optional<Reason> fault_of(const HeaderMatch& match) {
  if (match.count > 1) return Reason::duplicate_header;
  if (match.count == 0) return Reason::missing_header;
  const Header& header = *match.first;
  // Before emptiness: what cannot be represented may have been left empty by the caller.
  if (!header.representable) return Reason::malformed_header;
  if (header.value.empty()) return Reason::missing_header;
  if (header.value.size() > kMaxSignatureHeaderBytes) return Reason::header_too_large;
  if (has_control_byte(header.value)) return Reason::malformed_header;
  return std::nullopt;
}

// A request without the real signature but with the weaker one asks for a
// downgrade; its sender has to learn that it is refused, not that it is lost.
Reason absent_signature(const Scheme& scheme, std::span<const Header> headers) {
  const bool weaker = find_if_named(headers, scheme.weaker_signature_header).count > 0;
  return weaker ? Reason::unsupported_version : Reason::missing_header;
}

}  // namespace

std::variant<SigningHeaders, Refusal> read_signing_headers(const Scheme& scheme,
                                                           std::span<const Header> headers) {
  const HeaderFamily* family = &scheme.families.front();
  FamilyMatches matches = find_members(*family, headers);
  for (std::size_t i = 1; i < scheme.families.size() && !matches.any(); ++i) {
    const FamilyMatches others = find_members(scheme.families[i], headers);
    if (!others.any()) continue;
    family = &scheme.families[i];
    matches = others;
  }

  if (matches.signature.count == 0) {
    return Refusal{absent_signature(scheme, headers), family->signature};
  }
  SigningHeaders found{.family = family};
  const auto read = [](const HeaderMatch& match, std::string_view& value) {
    const auto fault = fault_of(match);
    if (!fault && match.first != nullptr) value = match.first->value;
    return fault;
  };
  if (const auto fault = read(matches.signature, found.signature)) {
    return Refusal{*fault, family->signature};
  }
  if (!family->timestamp.empty()) {
    if (const auto fault = read(matches.timestamp, found.timestamp)) {
      return Refusal{*fault, family->timestamp};
    }
  }
  if (!family->id.empty()) {
    if (const auto fault = read(matches.id, found.id)) return Refusal{*fault, family->id};
  }
  if (scheme.special == SpecialContent::twilio) {
    const HeaderMatch match = find_header(headers, kContentType);
    if (match.count > 1) return Refusal{Reason::duplicate_header, kContentType};
    if (match.count == 1) found.content_type = match.first->value;
  }
  return found;
}

}  // namespace webhookcore
