#include "webhookcore/core/verifier.h"

#include <string>
#include <utility>

#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/key_match.h"
#include "webhookcore/core/plain_content.h"
#include "webhookcore/core/signature_header.h"
#include "webhookcore/core/signed_content.h"
#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/special/special_content.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore {
namespace {

using MacVerdict = std::variant<std::size_t, Refusal>;  // The key's index, or why not.

MacVerdict check_mac(const Scheme& scheme, std::span<const VerificationKey> keys,
                     std::span<const Candidate> candidates, const SignedRequest& request,
                     const SigningHeaders& headers) {
  const std::string_view header = headers.family->signature;
  if (request.url.empty() && requires_url(scheme)) {
    return Refusal{Reason::signature_mismatch, header};
  }
  const SignedContent content(scheme, {request.body, headers.id, headers.timestamp, request.url,
                                       request.method, request.headers});
  if (const auto fault = fault_of(content)) return *fault;
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
    const std::string_view signature = part.signature;
    std::vector<Candidate> candidates{{part.algorithm, signature.data(), signature.size()}};
    for (const Algorithm other : part.other_algorithms) {
      candidates.push_back({other, signature.data(), signature.size()});
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

// As receiver/handshakes.py answers them; no event looks like that.
bool could_be_challenge(std::string_view body) {
  constexpr std::string_view kTokenBytes =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  constexpr std::size_t kLongestToken = 128;
  return !body.empty() && body.size() <= kLongestToken &&
         body.find_first_not_of(kTokenBytes) == std::string_view::npos;
}

// The time that the body holds; read once the body is known to be the sender's.
std::optional<TimePoint> time_in_body(const Scheme& scheme, std::string_view body) {
  const std::string_view path = scheme.timestamp_field;
  const auto text = find_event_fields(body, std::span(&path, 1)).front();
  return text ? parse_timestamp(scheme.timestamp, *text) : std::nullopt;
}

}  // namespace

Verifier::Verifier(std::shared_ptr<const Scheme> scheme, std::vector<VerificationKey> keys,
                   Duration tolerance)
    : scheme_(std::move(scheme)), keys_(std::move(keys)), tolerance_(tolerance) {}

Result<Verifier> Verifier::create_keyless(std::shared_ptr<const Scheme> scheme,
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
  return Verifier(std::move(scheme), {}, limit);
}

Result<Verifier> Verifier::create(std::shared_ptr<const Scheme> scheme,
                                  std::span<const std::string_view> secrets,
                                  std::optional<Duration> tolerance) {
  auto verifier = create_keyless(std::move(scheme), tolerance);
  if (!verifier) return verifier;
  if (secrets.empty()) return Error{ErrorCode::config, "no secret was given", "secrets"};

  std::vector<VerificationKey>& keys = verifier->keys_;
  keys.reserve(secrets.size());
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    auto key = parse_verification_key(verifier->scheme(), secrets[i]);
    if (!key) {
      return Error{key.error().code, key.error().detail, "secrets[" + std::to_string(i) + "]"};
    }
    keys.push_back(std::move(*key));
  }
  return verifier;
}

Verdict Verifier::verify(const SignedRequest& request, TimePoint now) const {
  if (scheme_->special != SpecialContent::none) return verify_special(request, now);
  ParsedSignatures signatures;
  const auto found = read_plain_content(*scheme_, keys_, request, signatures);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return *refusal;
  const auto& read = std::get<PlainContentRead>(found);

  const MacVerdict mac = check_mac(*scheme_, keys_, signatures.all(), request, read.headers);
  if (const auto* refusal = std::get_if<Refusal>(&mac)) return *refusal;
  std::optional<TimePoint> timestamp = read.timestamp;
  if (scheme_->signs_challenges && could_be_challenge(request.body)) {
    return Refusal{Reason::malformed_body, {}};
  }
  if (!scheme_->timestamp_field.empty()) {
    timestamp = time_in_body(*scheme_, request.body);
    if (!timestamp) return Refusal{Reason::malformed_timestamp, {}};
  }
  return judge_age(std::get<std::size_t>(mac), timestamp, read.timestamp_header, now);
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

std::optional<Reason> Verifier::check_age(TimePoint timestamp, TimePoint now) const {
  if (now - timestamp > tolerance_) return Reason::timestamp_too_old;
  if (timestamp - now > tolerance_) return Reason::timestamp_too_new;
  return std::nullopt;
}

Verdict Verifier::judge_age(std::size_t key, std::optional<TimePoint> timestamp,
                            std::string_view header, TimePoint now) const {
  if (timestamp) {
    if (const auto fault = check_age(*timestamp, now)) return Refusal{*fault, header};
  }
  return Accepted{key, timestamp};
}

}  // namespace webhookcore
