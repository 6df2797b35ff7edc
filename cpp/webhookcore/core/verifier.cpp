#include "webhookcore/core/verifier.h"

#include <string>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/signature_header.h"
#include "webhookcore/core/signed_content.h"
#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/timestamp.h"
#include "webhookcore/core/twilio_content.h"

namespace webhookcore {
namespace {

constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kKeptMessageBytes = std::size_t{1} << 20;

using Pieces = std::span<const std::string_view>;

// Ed25519 needs its message in one piece. The buffer stays with the thread, but
// not at the size of the largest body it ever saw.
class JoinedMessage {
 public:
  explicit JoinedMessage(Pieces pieces) { join(pieces, buffer()); }
  ~JoinedMessage() {
    if (buffer().capacity() > kKeptMessageBytes) std::string().swap(buffer());
  }
  JoinedMessage(const JoinedMessage&) = delete;
  JoinedMessage& operator=(const JoinedMessage&) = delete;

  std::string_view view() const { return buffer(); }

 private:
  static std::string& buffer() {
    thread_local std::string bytes;
    return bytes;
  }
};

bool matches_any(const HmacKey& key, Algorithm algorithm, std::span<const Candidate> candidates,
                 Pieces pieces) {
  const Digest mac = key.mac(pieces);
  bool matched = false;
  for (const Candidate& candidate : candidates) {
    if (candidate.algorithm != algorithm) continue;
    matched |= equal_in_constant_time(mac.view(), candidate.view());
  }
  return matched;
}

bool matches_any(const Ed25519PublicKey& key, std::span<const Candidate> candidates,
                 Pieces pieces) {
  const JoinedMessage message(pieces);
  bool matched = false;
  for (const Candidate& candidate : candidates) {
    if (candidate.algorithm != Algorithm::ed25519) continue;
    matched |= key.verify(message.view(), candidate.view());
  }
  return matched;
}

// The first key that matches, after all of them were tried on everything.
std::optional<std::size_t> find_matching_key(std::span<const VerificationKey> keys,
                                             std::span<const Candidate> candidates, Pieces pieces) {
  std::optional<std::size_t> match;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto* hmac = std::get_if<HmacKey>(&keys[i].key);
    const bool matched =
        hmac != nullptr ? matches_any(*hmac, keys[i].algorithm, candidates, pieces)
                        : matches_any(std::get<Ed25519PublicKey>(keys[i].key), candidates, pieces);
    if (matched && !match) match = i;
  }
  return match;
}

using MacVerdict = std::variant<std::size_t, Reason>;  // The key's index, or why not.

MacVerdict check_twilio(std::span<const VerificationKey> keys,
                        std::span<const Candidate> candidates, const TwilioRequest& request) {
  const auto content = TwilioContent::of(request);
  if (!content) return Reason::signature_mismatch;
  std::optional<std::size_t> match;
  for (std::size_t variant = 0; variant < TwilioContent::kVariants; ++variant) {
    const auto found = find_matching_key(keys, candidates, content->pieces(variant));
    if (found && !match) match = found;
  }
  if (!match) return Reason::signature_mismatch;
  if (content->body_differs()) return Reason::body_mismatch;
  return *match;
}

MacVerdict check_mac(const Scheme& scheme, std::span<const VerificationKey> keys,
                     std::span<const Candidate> candidates, const SignedRequest& request,
                     const SigningHeaders& headers) {
  if (requires_url(scheme) && request.url.empty()) return Reason::signature_mismatch;
  if (scheme.special == SpecialContent::twilio) {
    return check_twilio(keys, candidates, {request.url, request.body, headers.content_type});
  }
  const SignedContent content(
      scheme, {request.body, headers.id, headers.timestamp, request.url, request.method});
  const auto match = find_matching_key(keys, candidates, content.pieces());
  if (!match) return Reason::signature_mismatch;
  return *match;
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
  const auto read = read_signing_headers(*scheme_, request.headers);
  if (const auto* refusal = std::get_if<Refusal>(&read)) return *refusal;
  SigningHeaders headers = std::get<SigningHeaders>(read);
  const HeaderFamily& family = *headers.family;

  ParsedSignatures signatures;
  if (const auto fault = parse_signature_header(*scheme_, keys_, headers.signature, signatures)) {
    return Refusal{*fault, family.signature};
  }
  if (!family.id.empty() && (headers.id.size() > kMaxIdBytes || !is_visible_ascii(headers.id))) {
    return Refusal{Reason::malformed_header, family.id};
  }

  const bool time_in_list = !scheme_->format.timestamp_tag.empty();
  if (time_in_list) headers.timestamp = signatures.timestamp;
  const std::string_view time_header = time_in_list ? family.signature : family.timestamp;
  const auto timestamp = parse_timestamp(scheme_->timestamp, headers.timestamp);
  if (!timestamp && scheme_->timestamp != TimestampForm::none) {
    return Refusal{Reason::malformed_timestamp, time_header};
  }

  if (!signatures.has_known_version) {
    return Refusal{Reason::unsupported_version, family.signature};
  }
  if (signatures.count == 0) return Refusal{Reason::malformed_signature, family.signature};

  const MacVerdict mac = check_mac(*scheme_, keys_, signatures.all(), request, headers);
  if (const auto* reason = std::get_if<Reason>(&mac)) return Refusal{*reason, family.signature};
  if (timestamp) {
    if (const auto fault = check_age(*timestamp, now, tolerance_)) {
      return Refusal{*fault, time_header};
    }
  }
  return Accepted{std::get<std::size_t>(mac), timestamp};
}

}  // namespace webhookcore
