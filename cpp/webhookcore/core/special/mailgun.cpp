// Mailgun signs a timestamp and a token, and puts both beside the signature into the
// body: JSON of webhooks, a form of routes and of old webhooks. The event itself is
// covered by nothing.
#include <algorithm>
#include <array>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/form_fields.h"
#include "webhookcore/core/special/json_edit.h"
#include "webhookcore/core/special/message_header.h"
#include "webhookcore/core/special/multipart_fields.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_text.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore::special {
namespace {

constexpr std::size_t kMaxTokenBytes = 256;
constexpr std::string_view kContentType = "Content-Type";

constexpr std::array<std::string_view, 3> kFormNames{"timestamp", "token", "signature"};
constexpr std::array<std::string_view, 3> kJsonPaths{"signature.timestamp", "signature.token",
                                                     "signature.signature"};

using Values = std::vector<std::optional<std::string>>;

// All three, each there once; otherwise nothing.
template <typename Fields>
Values values_in(const Fields& fields) {
  Values values(kFormNames.size());
  for (const auto& [name, value] : fields) {
    for (std::size_t i = 0; i < kFormNames.size(); ++i) {
      if (name != kFormNames[i]) continue;
      if (values[i]) return Values(kFormNames.size());
      values[i] = std::string(value);
    }
  }
  return values;
}

Values find_values(std::string_view content_type, std::string_view body) {
  if (is_form(content_type)) return values_in(parse_form(body));
  if (has_media_type(content_type, "multipart/form-data")) {
    const auto fields = parse_multipart(content_type, body);
    return fields ? values_in(*fields) : Values(kFormNames.size());
  }
  return find_event_fields(body, kJsonPaths);
}

}  // namespace

SpecialReading read_mailgun(const Scheme& scheme, const SignedRequest& request, TimePoint) {
  const HeaderValue content_type = read_header(request.headers, kContentType);
  if (content_type.fault && !content_type.is_missing()) {
    return Refusal{*content_type.fault, kContentType};
  }
  Values values = find_values(content_type.text, request.body);
  if (std::find(values.begin(), values.end(), std::nullopt) != values.end()) {
    return Refusal{Reason::malformed_body};
  }
  const std::string& timestamp = *values[0];
  const std::string& token = *values[1];
  const auto at = parse_timestamp(scheme.timestamp, timestamp);
  if (!at) return Refusal{Reason::malformed_timestamp};
  if (token.size() > kMaxTokenBytes || !is_visible_ascii(token)) {
    return Refusal{Reason::malformed_body};
  }
  const Algorithm algorithm = scheme.versions.front().algorithm;
  auto signature = decode_signature(scheme.format.encoding, algorithm, *values[2]);
  if (!signature) return Refusal{Reason::malformed_signature};
  return SpecialContentRead{.parts = {{{timestamp + token}, algorithm, std::move(*signature)}},
                            .timestamp = at};
}

// The id of the message is the token: it is what a receiver knows a repeat by.
Result<SignedMessage> sign_mailgun(const Scheme& scheme, const SigningRequest& request,
                                   const SignContent& sign) {
  if (request.id.empty()) return refused("id", "this scheme signs an id, and none was given");
  if (!is_json_object(request.body)) {
    return refused("body", "this scheme puts its signature into a JSON object");
  }
  const auto timestamp = format_timestamp(scheme.timestamp, request.timestamp);
  if (!timestamp) {
    return refused("timestamp", "the timestamp lies outside of what can be written");
  }
  const auto signature =
      sign(scheme.versions.front().algorithm, *timestamp + std::string(request.id));
  if (!signature) return signature.error();
  std::string member = R"({"timestamp":)" + quote_json(*timestamp) + R"(,"token":)" +
                       quote_json(request.id) + R"(,"signature":)" +
                       quote_json(encode_signature(scheme.format.encoding, *signature)) + "}";
  std::string body(request.body);
  set_member(body, whole_value(body), "signature", member);
  return SignedMessage{.body = std::move(body)};
}

}  // namespace webhookcore::special
