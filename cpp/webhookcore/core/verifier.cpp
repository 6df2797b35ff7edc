#include "webhookcore/core/verifier.h"

#include <string>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/key_match.h"
#include "webhookcore/core/signature_header.h"
#include "webhookcore/core/signed_content.h"
#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/special/special_content.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore {
namespace {

constexpr std::size_t kMaxIdBytes = 256;

using MacVerdict = std::variant<std::size_t, Refusal>;  // The key's index, or why not.

MacVerdict check_mac(const Scheme& scheme, std::span<const VerificationKey> keys,
                     std::span<const Candidate> candidates, const SignedRequest& request,
                     const SigningHeaders& headers) {
  const std::string_view header = headers.family->signature;
  if (requires_url(scheme) && request.url.empty()) {
    return Refusal{Reason::signature_mismatch, header};
  }
  const SignedContent content(scheme, {request.body, headers.id, headers.timestamp, request.url,
                                       request.method, request.headers});
  if (!content.missing_header().empty()) {
    return Refusal{
        content.has_repeated_header() ? Reason::duplicate_header : Reason::missing_header,
        content.missing_header()};
  }
  const auto match = find_matching_key(keys, candidates, content.pieces());
  if (!match) return Refusal{Reason::signature_mismatch, header};
  return *match;
}

// Every part has to match; which secret it was is told of the first.
std::optional<std::size_t> match_parts(std::span<const VerificationKey> keys,
                                       const SpecialContentRead& read) {
  std::optional<std::size_t> first;
  bool all = !read.parts.empty();
  for (const SignedPart& part : read.parts) {
    std::vector<Candidate> candidates{{part.algorithm, part.signature}};
    for (const Algorithm other : part.other_algorithms) {
      candidates.push_back({other, part.signature});
    }
    std::optional<std::size_t> match;
    for (const std::string& content : part.contents) {
      const std::string_view piece = content;
      const auto found = find_matching_key(keys, candidates, std::span(&piece, 1));
      if (!match) match = found;
    }
    all = all && match.has_value();
    if (!first) first = match;
  }
  return all ? first : std::nullopt;
}

// The time that the body holds; read once the body is known to be the sender's.
std::optional<TimePoint> time_in_body(const Scheme& scheme, std::string_view body) {
  const std::string_view path = scheme.timestamp_field;
  const auto text = find_event_fields(body, std::span(&path, 1)).front();
  return text ? parse_timestamp(scheme.timestamp, *text) : std::nullopt;
}

std::optional<Reason> check_age(TimePoint timestamp, TimePoint now, Duration tolerance) {
  if (now - timestamp > tolerance) return Reason::timestamp_too_old;
  if (timestamp - now > tolerance) return Reason::timestamp_too_new;
  return std::nullopt;
}

}  // namespace

Verifier::Verifier(std::shared_ptr<const Scheme> scheme, std::vector<VerificationKey> keys,
                   Duration tolerance)
    : scheme_(std::move(scheme)), keys_(std::move(keys)), tolerance_(tolerance) {}

Result<Verifier> Verifier::create(std::shared_ptr<const Scheme> scheme,
                                  std::span<const std::string_view> secrets,
                                  std::optional<Duration> tolerance) {
  if (scheme == nullptr) return Error{ErrorCode::config, "there is no scheme", "scheme"};
  if (auto checked = check_scheme(*scheme); !checked) return checked.error();
  const Duration limit = tolerance.value_or(scheme->tolerance);
  if (limit <= Duration::zero()) {
    return Error{ErrorCode::config, "the tolerance must be above zero", "tolerance"};
  }
  for (const std::string& name : scheme->needs) {
    if (!scheme->setting(name).empty()) continue;
    return Error{ErrorCode::config, scheme->name + " cannot be verified without it", name};
  }
  if (secrets.empty()) return Error{ErrorCode::config, "no secret was given", "secrets"};

  std::vector<VerificationKey> keys;
  keys.reserve(secrets.size());
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    auto key = parse_verification_key(*scheme, secrets[i]);
    if (!key) {
      return Error{key.error().code, key.error().detail, "secrets[" + std::to_string(i) + "]"};
    }
    keys.push_back(std::move(*key));
  }
  return Verifier(std::move(scheme), std::move(keys), limit);
}

Verdict Verifier::verify(const SignedRequest& request, TimePoint now) const {
  if (scheme_->special != SpecialContent::none) return verify_special(request, now);
  const auto read = read_signing_headers(*scheme_, request.headers);
  if (const auto* refusal = std::get_if<Refusal>(&read)) return *refusal;
  SigningHeaders headers = std::get<SigningHeaders>(read);
  const HeaderFamily& family = *headers.family;

  ParsedSignatures signatures;
  if (const auto fault = parse_signatures(headers, request, signatures)) {
    return Refusal{*fault, family.signature};
  }
  if (!family.id.empty() && (headers.id.size() > kMaxIdBytes || !is_visible_ascii(headers.id))) {
    return Refusal{Reason::malformed_header, family.id};
  }

  const bool time_in_list = !scheme_->format.timestamp_tag.empty();
  if (time_in_list) headers.timestamp = signatures.timestamp;
  const std::string_view time_header = time_in_list ? family.signature : family.timestamp;
  std::optional<TimePoint> timestamp;
  if (scheme_->timestamp != TimestampForm::none && scheme_->timestamp_field.empty()) {
    timestamp = parse_timestamp(scheme_->timestamp, headers.timestamp);
    if (!timestamp) return Refusal{Reason::malformed_timestamp, time_header};
  }

  if (!signatures.has_known_version) {
    return Refusal{Reason::unsupported_version, family.signature};
  }
  if (signatures.count == 0) return Refusal{Reason::malformed_signature, family.signature};

  const MacVerdict mac = check_mac(*scheme_, keys_, signatures.all(), request, headers);
  if (const auto* refusal = std::get_if<Refusal>(&mac)) return *refusal;
  if (!scheme_->timestamp_field.empty()) {
    timestamp = time_in_body(*scheme_, request.body);
    if (!timestamp) return Refusal{Reason::malformed_timestamp, {}};
  }
  return judge_age(std::get<std::size_t>(mac), timestamp, time_header, now);
}

Verdict Verifier::verify_special(const SignedRequest& request, TimePoint now) const {
  const SpecialReading reading = read_special_content(*scheme_, request, now);
  if (const auto* refusal = std::get_if<Refusal>(&reading)) return *refusal;
  const auto& read = std::get<SpecialContentRead>(reading);
  const auto match = match_parts(keys_, read);
  if (!match) return Refusal{Reason::signature_mismatch, read.header};
  if (read.told_last) return Refusal{*read.told_last, read.header};
  return judge_age(*match, read.timestamp, read.timestamp_header, now);
}

std::optional<Reason> Verifier::parse_signatures(const SigningHeaders& headers,
                                                 const SignedRequest& request,
                                                 ParsedSignatures& out) const {
  const HeaderFamily& family = *headers.family;
  if (!family.numbered) {
    return parse_signature_header(*scheme_, keys_, headers.signature, out);
  }
  for (const Header& header : request.headers) {
    if (!is_numbered_header(header.name, family.signature)) continue;
    if (const auto fault = parse_signature_header(*scheme_, keys_, header.value, out)) {
      return fault;
    }
  }
  return std::nullopt;
}

Verdict Verifier::judge_age(std::size_t key, std::optional<TimePoint> timestamp,
                            std::string_view header, TimePoint now) const {
  if (timestamp) {
    if (const auto fault = check_age(*timestamp, now, tolerance_)) return Refusal{*fault, header};
  }
  return Accepted{key, timestamp};
}

}  // namespace webhookcore
