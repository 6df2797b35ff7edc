#include "webhookcore/core/signing_headers.h"

#include <optional>

#include "webhookcore/base/bytes.h"

namespace webhookcore {
namespace {

struct FamilyMatches {
  HeaderMatch signature;
  HeaderMatch timestamp;
  HeaderMatch id;

  bool any() const { return signature.count + timestamp.count + id.count > 0; }
};

HeaderMatch find_if_named(std::span<const Header> headers, std::string_view name) {
  return name.empty() ? HeaderMatch{} : find_header(headers, name);
}

// The first of them, as if it were alone; the others are looked at by fault_of_numbered().
HeaderMatch find_numbered(std::span<const Header> headers, std::string_view stem) {
  for (const Header& header : headers) {
    if (is_numbered_header(header.name, stem)) return {&header, 1};
  }
  return {};
}

FamilyMatches find_members(const HeaderFamily& family, std::span<const Header> headers) {
  return {family.numbered ? find_numbered(headers, family.signature)
                          : find_header(headers, family.signature),
          find_if_named(headers, family.timestamp), find_if_named(headers, family.id)};
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

std::optional<Reason> fault_of_numbered(std::span<const Header> headers, std::string_view stem) {
  int count = 0;
  std::size_t bytes = 0;
  for (const Header& header : headers) {
    if (!is_numbered_header(header.name, stem)) continue;
    if (++count > kMaxSignatures) return Reason::too_many_signatures;
    if (const auto fault = fault_of(find_header(headers, header.name))) return fault;
    bytes += header.value.size();
    if (bytes > kMaxSignatureHeaderBytes) return Reason::header_too_large;
  }
  return std::nullopt;
}

// A request without the real signature but with the weaker one asks for a
// downgrade; its sender has to learn that it is refused, not that it is lost.
Reason absent_signature(const Scheme& scheme, std::span<const Header> headers) {
  const bool weaker = find_if_named(headers, scheme.weaker_signature_header).count > 0;
  return weaker ? Reason::unsupported_version : Reason::missing_header;
}

}  // namespace

bool is_numbered_header(std::string_view name, std::string_view stem) {
  if (name.size() <= stem.size() || name.size() > stem.size() + 3) return false;
  if (!equals_ignoring_case(name.substr(0, stem.size()), stem)) return false;
  return name.find_first_not_of("0123456789", stem.size()) == std::string_view::npos;
}

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
  if (family->numbered) {
    if (const auto fault = fault_of_numbered(headers, family->signature)) {
      return Refusal{*fault, family->signature};
    }
  }
  return found;
}

}  // namespace webhookcore
