// PayPal signs its transmission's id and time, the webhook's id, and a CRC-32 of the
// body, as the row says. What else its headers tell is judged here.
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/signed_content.h"
#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/special/message_header.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_text.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore::special {
namespace {

constexpr std::string_view kAlgorithmHeader = "PAYPAL-AUTH-ALGO";
constexpr std::string_view kAlgorithmName = "SHA256withRSA";
constexpr std::string_view kCertificateHeader = "PAYPAL-CERT-URL";
constexpr std::size_t kMaxIdBytes = 256;

// Nothing else of these hosts is a certificate.
bool is_certificate_url(std::string_view url) {
  constexpr std::string_view places[] = {"https://api.paypal.com/v1/notifications/certs/",
                                         "https://api.sandbox.paypal.com/v1/notifications/certs/"};
  for (const std::string_view place : places) {
    if (!url.starts_with(place)) continue;
    const std::string_view name = url.substr(place.size());
    return is_visible_ascii(name) && name.find_first_of("/?#%\\@:") == std::string_view::npos;
  }
  return false;
}

std::string content_of(const Scheme& scheme, const ContentParts& parts) {
  const SignedContent content(scheme, parts);
  std::string joined;
  join(content.pieces(), joined);
  return joined;
}

// Both headers may be missing where the user has the key; what is there has to be right.
std::optional<Refusal> check_others(const SignedRequest& request, KeyReference& key) {
  const HeaderValue algorithm = read_header(request.headers, kAlgorithmHeader);
  if (algorithm.fault && !algorithm.is_missing()) {
    return Refusal{*algorithm.fault, kAlgorithmHeader};
  }
  if (!algorithm.fault && algorithm.text != kAlgorithmName) {
    return Refusal{Reason::unsupported_version, kAlgorithmHeader};
  }
  const HeaderValue url = read_header(request.headers, kCertificateHeader);
  if (url.fault && !url.is_missing()) return Refusal{*url.fault, kCertificateHeader};
  if (!url.fault && !is_certificate_url(url.text)) {
    return Refusal{Reason::untrusted_key, kCertificateHeader};
  }
  key.url = url.text;
  return std::nullopt;
}

}  // namespace

SpecialReading read_paypal(const Scheme& scheme, const SignedRequest& request, TimePoint) {
  const auto found = read_signing_headers(scheme, request.headers);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return *refusal;
  const auto& headers = std::get<SigningHeaders>(found);
  const HeaderFamily& family = *headers.family;
  SpecialContentRead read{.header = family.signature, .timestamp_header = family.timestamp};
  if (headers.id.size() > kMaxIdBytes || !is_visible_ascii(headers.id)) {
    return Refusal{Reason::malformed_header, family.id};
  }
  read.timestamp = parse_timestamp(scheme.timestamp, headers.timestamp);
  if (!read.timestamp) return Refusal{Reason::malformed_timestamp, family.timestamp};
  if (const auto refusal = check_others(request, read.key)) return *refusal;

  const Algorithm algorithm = scheme.versions.front().algorithm;
  auto signature = decode_signature(scheme.format.encoding, algorithm, headers.signature);
  if (!signature) return Refusal{Reason::malformed_signature, family.signature};
  read.parts.push_back({{content_of(scheme, {.body = request.body,
                                             .id = headers.id,
                                             .timestamp = headers.timestamp,
                                             .url = request.url,
                                             .method = request.method,
                                             .headers = request.headers})},
                        algorithm,
                        std::move(*signature)});
  return read;
}

Result<SignedMessage> sign_paypal(const Scheme& scheme, const SigningRequest& request,
                                  const SignContent& sign) {
  if (request.id.empty()) return refused("id", "this scheme signs an id, and none was given");
  for (const std::string& name : scheme.needs) {
    if (scheme.setting(name).empty()) return refused(name, "nothing can be signed without it");
  }
  const auto timestamp = format_timestamp(scheme.timestamp, request.timestamp);
  if (!timestamp) {
    return refused("timestamp", "the timestamp lies outside of what can be written");
  }
  const auto signature =
      sign(scheme.versions.front().algorithm, content_of(scheme, {.body = request.body,
                                                                  .id = request.id,
                                                                  .timestamp = *timestamp,
                                                                  .url = request.url,
                                                                  .method = request.method,
                                                                  .headers = request.headers}));
  if (!signature) return signature.error();
  const HeaderFamily& family = scheme.families.front();
  SignedMessage message;
  message.headers = {{family.id, std::string(request.id)},
                     {family.timestamp, *timestamp},
                     {family.signature, encode_signature(scheme.format.encoding, *signature)},
                     {std::string(kAlgorithmHeader), std::string(kAlgorithmName)}};
  if (const auto url = scheme.setting("certificate_url"); !url.empty()) {
    message.headers.push_back({std::string(kCertificateHeader), std::string(url)});
  }
  return message;
}

}  // namespace webhookcore::special
