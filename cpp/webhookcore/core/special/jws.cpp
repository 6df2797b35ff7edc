// A JSON Web Signature in a header, in its compact form (RFC 7515, section 3.1), whose
// claims may hold the body's hash and the times of a JSON Web Token (RFC 7519).
//
// Settings: "body_hash_claim" names the claim that holds the body's SHA-256;
// "body_hash_required" = "1" refuses a token without it; "check_expiry" = "0" passes
// over `exp` and `nbf`; "kid" is the key's id that a sender puts into the header.
// A scheme with a timestamp takes it from `iat`, and cannot do without.
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/crypto.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/special/algorithm_names.h"
#include "webhookcore/core/special/json_edit.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_text.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore::special {
namespace {

struct CompactJws {
  std::string_view content;  // Both first parts and their dot, as they came.
  std::string header;
  std::string payload;
  std::string_view signature;  // Still as text.
};

std::optional<CompactJws> parse_compact(std::string_view text, std::string_view prefix) {
  if (!equals_ignoring_case(text.substr(0, prefix.size()), prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  const std::size_t first = text.find('.');
  const std::size_t second = first == text.npos ? text.npos : text.find('.', first + 1);
  if (second == text.npos || text.find('.', second + 1) != text.npos) return std::nullopt;
  auto header = decode_base64url(text.substr(0, first));
  auto payload = decode_base64url(text.substr(first + 1, second - first - 1));
  if (!header || !payload || !is_json_object(*header)) return std::nullopt;
  return CompactJws{text.substr(0, second), std::move(*header), std::move(*payload),
                    text.substr(second + 1)};
}

// `alg` is the scheme's to choose; a header that has to be understood is not.
std::optional<Reason> check_header(const std::string& header, Algorithm algorithm,
                                   KeyReference& key) {
  constexpr std::string_view paths[] = {"alg", "kid"};
  auto fields = find_event_fields(header, paths);
  if (!fields[0]) return Reason::malformed_header;
  if (*fields[0] != jose_name(algorithm) || has_event_field(header, "crit")) {
    return Reason::unsupported_version;
  }
  key.id = std::move(fields[1]).value_or("");
  return std::nullopt;
}

struct ClaimedTime {
  std::optional<TimePoint> at = {};
  bool is_malformed = false;
};

ClaimedTime claimed_time(const std::string& payload, std::string_view name) {
  if (!has_event_field(payload, name)) return {};
  const auto text = find_event_fields(payload, std::span(&name, 1)).front();
  const auto at = text ? parse_timestamp(TimestampForm::seconds, *text) : std::nullopt;
  return {at, !at.has_value()};
}

std::string hash_of(std::string_view body) {
  return encode_hex(digest(Hash::sha256, std::span(&body, 1)).view());
}

std::optional<Reason> check_body_hash(const Scheme& scheme, const std::string& payload,
                                      std::string_view body) {
  const std::string_view name = scheme.setting("body_hash_claim");
  if (name.empty()) return std::nullopt;
  if (!has_event_field(payload, name)) {
    if (scheme.setting("body_hash_required") != "1") return std::nullopt;
    return Reason::body_mismatch;
  }
  const auto claimed = find_event_fields(payload, std::span(&name, 1)).front();
  if (claimed && equal_in_constant_time(*claimed, hash_of(body))) return std::nullopt;
  return Reason::body_mismatch;
}

// Clocks differ, so a token may begin a little later than now, but not end before.
std::optional<Reason> check_validity(const Scheme& scheme, const std::string& payload,
                                     TimePoint now) {
  if (scheme.setting("check_expiry") == "0") return std::nullopt;
  const ClaimedTime end = claimed_time(payload, "exp");
  const ClaimedTime begin = claimed_time(payload, "nbf");
  if (end.is_malformed || begin.is_malformed) return Reason::malformed_timestamp;
  if (end.at && now >= *end.at) return Reason::timestamp_too_old;
  if (begin.at && *begin.at - now > scheme.tolerance) return Reason::timestamp_too_new;
  return std::nullopt;
}

std::optional<TimePoint> issued_at(const Scheme& scheme, const std::string& payload) {
  if (scheme.timestamp == TimestampForm::none) return std::nullopt;
  return claimed_time(payload, "iat").at;
}

std::optional<Reason> check_claims(const Scheme& scheme, const std::string& payload,
                                   std::string_view body, TimePoint now) {
  if (!is_json_object(payload)) return Reason::malformed_header;
  if (scheme.timestamp != TimestampForm::none && !issued_at(scheme, payload)) {
    return Reason::malformed_timestamp;
  }
  const auto fault = check_body_hash(scheme, payload, body);
  return fault ? fault : check_validity(scheme, payload, now);
}

}  // namespace

SpecialReading read_jws(const Scheme& scheme, const SignedRequest& request, TimePoint now) {
  const auto found = read_signing_headers(scheme, request.headers);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return *refusal;
  const auto& headers = std::get<SigningHeaders>(found);
  const std::string_view name = headers.family->signature;
  const Algorithm algorithm = scheme.versions.front().algorithm;

  auto jws = parse_compact(headers.signature, scheme.format.prefix);
  if (!jws) return Refusal{Reason::malformed_header, name};
  SpecialContentRead read{.header = name, .timestamp_header = name};
  if (const auto fault = check_header(jws->header, algorithm, read.key)) {
    return Refusal{*fault, name};
  }
  auto signature = decode_signature(SignatureEncoding::base64url, algorithm, jws->signature);
  if (!signature) return Refusal{Reason::malformed_signature, name};
  read.parts.push_back({{std::string(jws->content)}, algorithm, std::move(*signature)});

  // Nothing of the claims is believed, nor complained of, before the signature is.
  read.timestamp = issued_at(scheme, jws->payload);
  read.told_last = check_claims(scheme, jws->payload, request.body, now);
  return read;
}

Result<SignedMessage> sign_jws(const Scheme& scheme, const SigningRequest& request,
                               const SignContent& sign) {
  const Algorithm algorithm = scheme.versions.front().algorithm;
  const auto issued = format_timestamp(TimestampForm::seconds, request.timestamp);
  if (!issued) return refused("timestamp", "the timestamp lies outside of what can be written");
  std::string header = R"({"alg":)" + quote_json(jose_name(algorithm)) + R"(,"typ":"JWT")";
  if (const auto kid = scheme.setting("kid"); !kid.empty()) {
    header.append(R"(,"kid":)").append(quote_json(kid));
  }
  std::string claims = R"({"iat":)" + *issued;
  if (!request.id.empty()) claims.append(R"(,"jti":)").append(quote_json(request.id));
  if (const auto name = scheme.setting("body_hash_claim"); !name.empty()) {
    claims.append(",").append(quote_json(name)).append(":");
    claims.append(quote_json(hash_of(request.body)));
  }
  const std::string content = encode_base64url(header + "}") + "." + encode_base64url(claims + "}");
  const auto signature = sign(algorithm, content);
  if (!signature) return signature.error();
  return SignedMessage{
      .headers = {{scheme.families.front().signature,
                   scheme.format.prefix + content + "." + encode_base64url(*signature)}}};
}

}  // namespace webhookcore::special
