#include "webhookcore/core/scheme.h"

#include <algorithm>
#include <iterator>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/headers.h"
#include "webhookcore/core/reserved_headers.h"
#include "webhookcore/core/schemes/built_in.h"
#include "webhookcore/core/special/algorithm_names.h"

namespace webhookcore {
namespace {

bool contains(const Scheme& scheme, Segment::Kind kind) {
  return std::any_of(scheme.signed_content.begin(), scheme.signed_content.end(),
                     [kind](const Segment& segment) { return segment.kind == kind; });
}

Error contradiction(std::string field, std::string detail) {
  return {ErrorCode::config, std::move(detail), std::move(field)};
}

// `what` begins a sentence. An empty name is no header at all.
Result<void> check_name(const std::string& field, const std::string& what,
                        const std::string& name) {
  if (name.empty()) return {};
  if (!is_header_name(name)) return contradiction(field, what + " has no valid name");
  if (is_framing_header(name)) {
    return contradiction(field, what + " cannot be " + name + ", which belongs to the connection");
  }
  return {};
}

Result<void> check_names(const HeaderFamily& family) {
  if (family.signature.empty()) return contradiction("sig", "a scheme needs a header");
  if (auto done = check_name("sig", "the signature header", family.signature); !done) return done;
  if (auto done = check_name("time", "the timestamp header", family.timestamp); !done) return done;
  if (auto done = check_name("id", "the id header", family.id); !done) return done;
  if (equals_ignoring_case(family.signature, family.timestamp)) {
    return contradiction("time", "the signature is in that header; field:TAG is a time beside it");
  }
  for (const std::string* other : {&family.signature, &family.timestamp}) {
    if (!family.id.empty() && equals_ignoring_case(*other, family.id)) {
      return contradiction("id", "the header " + family.id + " is of the signature or the time");
    }
  }
  return {};
}

// Those that stand beside a signature, in whichever family.
Result<void> check_beside(const Scheme& scheme, const std::string& field, const std::string& name) {
  if (auto done = check_name(field, "the " + field + " header", name); !done) return done;
  for (const HeaderFamily& family : scheme.families) {
    for (const std::string* taken : {&family.signature, &family.timestamp}) {
      if (!name.empty() && equals_ignoring_case(*taken, name)) {
        return contradiction(field, "the header " + name + " is of the signature or the time");
      }
    }
  }
  return {};
}

Result<void> check_families(const Scheme& scheme) {
  if (scheme.special != SpecialContent::none && scheme.families.empty()) return {};
  if (scheme.families.empty()) return contradiction("sig", "a scheme needs a header");
  const bool needs_time_header = scheme.timestamp != TimestampForm::none &&
                                 scheme.format.timestamp_tag.empty() &&
                                 scheme.timestamp_field.empty();
  for (const HeaderFamily& family : scheme.families) {
    if (auto checked = check_names(family); !checked) return checked;
    if (family.timestamp.empty() == needs_time_header) {
      return contradiction("time", "a timestamp needs one place and a form");
    }
    if (family.id.empty() && scheme.signs_id()) {
      return contradiction("id", "a signed id needs a header");
    }
  }
  if (auto done = check_beside(scheme, "id", scheme.id_header); !done) return done;
  return check_beside(scheme, "type", scheme.type_header);
}

// Which algorithms a special scheme's function has a meaning for.
bool has_meaning_for(SpecialContent special, Algorithm algorithm) {
  const bool is_hmac = algorithm <= Algorithm::hmac_sha512;
  switch (special) {
    case SpecialContent::none:
      return true;
    case SpecialContent::twilio:
    case SpecialContent::mailgun:
    case SpecialContent::adyen:
    case SpecialContent::hook0:
      return is_hmac;
    case SpecialContent::aws_sns:
    case SpecialContent::paypal:
      return algorithm == Algorithm::rsa_sha1 || algorithm == Algorithm::rsa_sha256;
    case SpecialContent::jws:
      return !special::jose_name(algorithm).empty();
    case SpecialContent::rfc9421:
      return !special::rfc9421_name(algorithm).empty();
  }
  return false;
}

Result<void> check_algorithms(const Scheme& scheme) {
  if (scheme.versions.empty()) return contradiction("alg", "a scheme needs an algorithm");
  for (const Version& version : scheme.versions) {
    if (!has_meaning_for(scheme.special, version.algorithm)) {
      return contradiction("alg", "this scheme knows no signatures by that algorithm");
    }
    if (scheme.key.form == KeyForm::public_key && !is_asymmetric(version.algorithm)) {
      return contradiction("alg", "an algorithm with a shared secret has no public key");
    }
  }
  return {};
}

// A time in a list is cut in two by a separator that it holds.
bool may_hold(TimestampForm form, char separator) {
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view iso = "0123456789-:.+TZ";
  switch (form) {
    case TimestampForm::none:
      return false;
    case TimestampForm::seconds:
    case TimestampForm::milliseconds:
      return digits.find(separator) != std::string_view::npos;
    case TimestampForm::seconds_or_iso8601:
    case TimestampForm::iso8601:
      return iso.find(separator) != std::string_view::npos;
    case TimestampForm::http_date:
      return std::string_view(" ,:").find(separator) != std::string_view::npos ||
             digits.find(separator) != std::string_view::npos;
  }
  return false;
}

Result<void> check_untagged(const Scheme& scheme) {
  if (scheme.format.pair_separator != '\0') {
    return contradiction("kv", "pairs stand in a list, and there is no separator (items) of one");
  }
  if (scheme.versions.size() != 1 || !scheme.versions.front().tag.empty()) {
    return contradiction("accept", "tags need a list of pairs: give items and kv");
  }
  if (!scheme.format.timestamp_tag.empty()) {
    return contradiction("time", "a header without tags holds no timestamp");
  }
  return {};
}

Result<void> check_format(const Scheme& scheme) {
  const SignatureFormat& format = scheme.format;
  if (scheme.special != SpecialContent::none) return {};
  if (!scheme.has_tags()) return check_untagged(scheme);
  if (format.pair_separator == format.item_separator) {
    return contradiction("kv", "a list of pairs needs two different separators");
  }
  if (!format.prefix.empty()) {
    return contradiction("prefix", "a signature with a tag has no prefix; leave prefix or kv out");
  }
  const bool has_time = !format.timestamp_tag.empty();
  if (has_time && scheme.timestamp == TimestampForm::none) {
    return contradiction("timestamp", "a timestamp needs one place and a form");
  }
  if (has_time && may_hold(scheme.timestamp, format.item_separator)) {
    return contradiction("items", "a time of this form may hold the separator of the list");
  }
  const std::string separators{format.item_separator, format.pair_separator};
  for (const Version& version : scheme.versions) {
    if (version.tag.empty() || version.tag.find_first_of(separators) != std::string::npos ||
        (has_time && version.tag == format.timestamp_tag)) {
      return contradiction("accept", "a version's tag is empty, taken, or holds a separator");
    }
  }
  return {};
}

bool is_token(const Scheme& scheme) {
  return scheme.versions.front().algorithm == Algorithm::token;
}

Result<void> check_token(const Scheme& scheme) {
  if (scheme.is_list() || !scheme.signed_content.empty() || scheme.families.empty() ||
      scheme.timestamp != TimestampForm::none || scheme.key.form != KeyForm::utf8) {
    return contradiction("alg", "a token stands alone in its header, and signs nothing");
  }
  return {};
}

// Something that differs from one request to the next; a moment or a method may be repeated.
bool signs_request(const Scheme& scheme) {
  using Kind = Segment::Kind;
  constexpr Kind kTelling[] = {Kind::body,   Kind::body_sha256, Kind::body_crc32, Kind::id,
                               Kind::header, Kind::url,         Kind::decoded_url};
  return std::any_of(std::begin(kTelling), std::end(kTelling),
                     [&](Kind kind) { return contains(scheme, kind); });
}

// The time of a token in the body would be nothing that anybody signed.
Result<void> check_content(const Scheme& scheme) {
  if (is_token(scheme)) return check_token(scheme);
  if (scheme.special == SpecialContent::none && scheme.signed_content.empty()) {
    return contradiction("msg", "nothing would be signed");
  }
  if (!scheme.signed_content.empty() && !signs_request(scheme)) {
    return contradiction("msg",
                         "nothing of the request would be signed, so that one signature would fit "
                         "all of them; parts stand in braces, such as {body}");
  }
  for (const Segment& segment : scheme.signed_content) {
    if (segment.kind == Segment::Kind::header && !is_header_name(segment.text)) {
      return contradiction("msg", "a signed header has no valid name");
    }
    if (segment.kind == Segment::Kind::setting && segment.text.empty()) {
      return contradiction("msg", "a setting has no name");
    }
  }
  if (!scheme.timestamp_field.empty() && scheme.special == SpecialContent::none &&
      !contains(scheme, Segment::Kind::body)) {
    return contradiction("time", "nothing would sign a time in the body");
  }
  if (scheme.signed_content.size() > kMaxSegments) {
    return contradiction("msg", "more than 16 segments");
  }
  if (contains(scheme, Segment::Kind::timestamp) &&
      (scheme.timestamp == TimestampForm::none || !scheme.timestamp_field.empty())) {
    return contradiction("msg", "a signed timestamp needs a place and a form");
  }
  if (scheme.tolerance <= Duration::zero()) {
    return contradiction("tolerance", "the tolerance must be above zero");
  }
  return {};
}

std::vector<Scheme> assemble() {
  std::vector<Scheme> all;
  for (auto rows :
       {schemes::timestamped(), schemes::body_mac(), schemes::token(), schemes::special()}) {
    std::move(rows.begin(), rows.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

bool is_asymmetric(Algorithm algorithm) {
  return algorithm >= Algorithm::ed25519 && algorithm <= Algorithm::rsa_pss_sha512;
}

bool Scheme::signs_id() const { return contains(*this, Segment::Kind::id); }

std::string_view Scheme::setting(std::string_view wanted) const {
  for (const Setting& entry : settings) {
    if (entry.name == wanted) return entry.value;
  }
  return {};
}

Result<void> check_scheme(const Scheme& scheme) {
  if (auto checked = check_families(scheme); !checked) return checked;
  if (auto checked = check_algorithms(scheme); !checked) return checked;
  if (auto checked = check_format(scheme); !checked) return checked;
  return check_content(scheme);
}

bool requires_url(const Scheme& scheme) {
  return scheme.special == SpecialContent::twilio ||
         std::any_of(scheme.signed_content.begin(), scheme.signed_content.end(),
                     [](const Segment& segment) {
                       return segment.kind == Segment::Kind::url ||
                              segment.kind == Segment::Kind::decoded_url;
                     });
}

const std::vector<Scheme>& built_in_schemes() {
  static const std::vector<Scheme> all = assemble();
  return all;
}

std::shared_ptr<const Scheme> find_scheme(std::string_view name) {
  const auto& all = built_in_schemes();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [name](const Scheme& scheme) { return scheme.name == name; });
  if (found == all.end()) return nullptr;
  // Owns nothing, so that copies touch no reference count: the rows outlive everybody.
  return {std::shared_ptr<const Scheme>(), &*found};
}

}  // namespace webhookcore
