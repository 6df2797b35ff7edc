#include "webhookcore/core/sending_schemes.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/scheme_text.h"
#include "webhookcore/core/signer.h"
#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/special/covered_components.h"

namespace webhookcore {
namespace {

enum class Role : std::uint8_t { signature, time, id, type, other };

struct WrittenHeader {
  std::string_view name;  // Of numbered ones what they begin with.
  Role role;
  bool numbered = false;
};

std::vector<WrittenHeader> written_headers(const Scheme& scheme) {
  std::vector<WrittenHeader> all;
  const auto add = [&](std::string_view name, Role role, bool numbered = false) {
    if (!name.empty()) all.push_back({name, role, numbered});
  };
  if (!scheme.families.empty()) {
    const HeaderFamily& family = scheme.families.front();
    add(family.signature, Role::signature, family.numbered);
    add(family.timestamp, Role::time);
    add(family.id, Role::id);
  }
  add(scheme.id_header, Role::id);
  add(scheme.type_header, Role::type);
  if (scheme.special == SpecialContent::rfc9421) {
    add("Signature-Input", Role::other);
    add("Content-Digest", Role::other);
  }
  if (scheme.special == SpecialContent::paypal) {
    add("PAYPAL-AUTH-ALGO", Role::other);
    add("PAYPAL-CERT-URL", Role::other);
  }
  return all;
}

bool is_named(const WrittenHeader& header, std::string_view name) {
  return equals_ignoring_case(header.name, name) ||
         (header.numbered && is_numbered_header(name, header.name));
}

// Every item of either must be one that the other's receiver reads or passes over.
bool have_items_alike(const Scheme& first, const Scheme& second) {
  for (const Version& one : first.versions) {
    for (const Version& other : second.versions) {
      if (one.tag == other.tag && one.algorithm != other.algorithm) return false;
    }
  }
  return true;
}

bool share_a_list(const Scheme& first, const Scheme& second) {
  const SignatureFormat& one = first.format;
  const SignatureFormat& other = second.format;
  const bool same_time = one.timestamp_tag == other.timestamp_tag &&
                         (one.timestamp_tag.empty() || first.timestamp == second.timestamp);
  return first.special == SpecialContent::none && second.special == SpecialContent::none &&
         first.is_list() && one.item_separator == other.item_separator &&
         one.pair_separator == other.pair_separator && one.prefix == other.prefix &&
         one.space_after_separator == other.space_after_separator &&
         one.encoding == other.encoding && same_time && have_items_alike(first, second);
}

bool have_room(const Scheme& first, const Scheme& second, Role role) {
  switch (role) {
    case Role::signature:
      return !first.families.front().numbered && share_a_list(first, second);
    case Role::time:
      return first.timestamp == second.timestamp;
    case Role::id:
      return true;
    case Role::type:
      return first.type_suffix_field == second.type_suffix_field;
    case Role::other:
      return false;
  }
  return false;
}

// A header that the two cannot both write; empty when there is none.
std::string shared_header(const Scheme& first, const Scheme& second) {
  for (const WrittenHeader& one : written_headers(first)) {
    for (const WrittenHeader& other : written_headers(second)) {
      if (!is_named(one, other.name) && !is_named(other, one.name)) continue;
      if (one.role == other.role && have_room(first, second, one.role)) continue;
      return std::string(other.name);
    }
  }
  return {};
}

std::vector<std::string_view> signed_headers(const Scheme& scheme) {
  std::vector<std::string_view> names;
  for (const Segment& segment : scheme.signed_content) {
    if (segment.kind == Segment::Kind::header) names.push_back(segment.text);
  }
  if (scheme.special != SpecialContent::rfc9421) return names;
  for (const std::string_view name : special::components_to_sign(scheme.setting("required"))) {
    if (!name.empty() && name.front() != '@') names.push_back(name);
  }
  return names;
}

bool is_beside_signature(const Scheme& scheme, std::string_view name) {
  return equals_ignoring_case(scheme.id_header, name) ||
         equals_ignoring_case(scheme.type_header, name) ||
         (scheme.special == SpecialContent::rfc9421 &&
          equals_ignoring_case("Content-Digest", name));
}

// Why the scheme could sign no request of the endpoint; empty when it can.
std::string why_never(const Scheme& scheme, std::span<const std::string> own_headers) {
  if (signs_in_body(scheme)) {
    return scheme.name + " puts its signature into the body, and a message's body stays as it is";
  }
  for (const std::string& need : scheme.needs) {
    if (!scheme.setting(need).empty()) continue;
    return scheme.name + " wants its setting " + need + ": wh.scheme(\"" + scheme.name +
           "\").replace(" + need + "=...)";
  }
  for (const std::string_view name : signed_headers(scheme)) {
    const bool own = std::any_of(
        own_headers.begin(), own_headers.end(),
        [name](const std::string& header) { return equals_ignoring_case(header, name); });
    if (own || equals_ignoring_case("Content-Type", name) || is_beside_signature(scheme, name)) {
      continue;
    }
    return "signs the header " + std::string(name) + ", which no request has: give it in headers";
  }
  return {};
}

Error refused(std::size_t position, std::string detail) {
  return {ErrorCode::config, std::move(detail), "schemes[" + std::to_string(position) + "]"};
}

}  // namespace

bool writes_header(const Scheme& scheme, std::string_view name) {
  const auto written = written_headers(scheme);
  return std::any_of(written.begin(), written.end(),
                     [name](const WrittenHeader& header) { return is_named(header, name); });
}

Result<void> check_sending_schemes(std::span<const std::string> schemes,
                                   std::span<const std::string> own_headers) {
  std::vector<std::shared_ptr<const Scheme>> before;
  for (std::size_t i = 0; i < schemes.size(); ++i) {
    auto scheme = scheme_of(schemes[i]);
    if (!scheme.ok()) return refused(i, scheme.error().detail);
    const std::string never = why_never(**scheme, own_headers);
    if (!never.empty()) return refused(i, never);
    for (std::size_t j = 0; j < i; ++j) {
      const std::string other = "schemes[" + std::to_string(j) + "]";
      if (schemes[i] == schemes[j]) return refused(i, "is the same as " + other);
      const std::string header = shared_header(*before[j], **scheme);
      if (header.empty()) continue;
      return refused(i, "writes the header " + header + ", as " + other +
                            " does, and it has no room for both");
    }
    before.push_back(std::move(*scheme));
  }
  return {};
}

std::optional<std::string> join_signatures(const Scheme& second, std::string_view header,
                                           std::string_view first_value,
                                           std::string_view second_value) {
  if (second.special != SpecialContent::none || !second.is_list()) return std::nullopt;
  if (!equals_ignoring_case(second.families.front().signature, header)) return std::nullopt;
  const char separator = second.format.item_separator;
  // The signer puts the time first, and it is the same in both.
  if (!second.format.timestamp_tag.empty()) {
    second_value.remove_prefix(std::min(second_value.find(separator), second_value.size() - 1) + 1);
    while (second_value.starts_with(' ')) second_value.remove_prefix(1);
  }
  std::string joined(first_value);
  joined.push_back(separator);
  if (second.format.space_after_separator) joined.push_back(' ');
  return joined.append(second_value);
}

}  // namespace webhookcore
