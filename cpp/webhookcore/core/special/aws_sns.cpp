// AWS SNS signs the fields of its JSON message, each as its name and its value on lines
// of their own, in an order that hangs on the message's type. It dates them too, but
// delivers for hours: nothing is too old.
#include <algorithm>
#include <array>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/special/json_edit.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_text.h"
#include "webhookcore/core/special/sns_url.h"

namespace webhookcore::special {
namespace {

enum Field : std::uint8_t {
  message,
  message_id,
  subject,
  subscribe_url,
  timestamp,
  token,
  topic_arn,
  type,
  version,
  signature,
  cert_url,
  lambda_cert_url,
};

// In the order in which the signed ones of them are signed; by Field.
constexpr std::array<std::string_view, 12> kNames{
    "Message",          "MessageId", "Subject",        "SubscribeURL",
    "Timestamp",        "Token",     "TopicArn",       "Type",
    "SignatureVersion", "Signature", "SigningCertURL", "SigningCertUrl"};

constexpr std::array kOfNotification{message, message_id, subject, timestamp, topic_arn, type};
constexpr std::array kOfConfirmation{message, message_id, subscribe_url, timestamp,
                                     token,   topic_arn,  type};

bool is_confirmation(std::string_view type_name) {
  return type_name == "SubscriptionConfirmation" || type_name == "UnsubscribeConfirmation";
}

// nullopt where a field is missing that only Subject may be. Line breaks anywhere but in
// Message could be read as the border to another field.
std::optional<std::string> content_of(const EventFields& fields) {
  const std::string_view type_name = fields[type] ? *fields[type] : std::string_view();
  const bool confirms = is_confirmation(type_name);
  if (!confirms && type_name != "Notification") return std::nullopt;
  const std::span<const Field> signed_fields =
      confirms ? std::span<const Field>(kOfConfirmation) : std::span<const Field>(kOfNotification);
  std::string content;
  for (const Field field : signed_fields) {
    const auto& value = fields[field];
    if (!value && field == subject) continue;
    if (!value || (field != message && has_control_byte(*value))) return std::nullopt;
    content.append(kNames[field]).append("\n").append(*value).append("\n");
  }
  return content;
}

const Version* find_version(const Scheme& scheme, std::string_view tag) {
  for (const Version& entry : scheme.versions) {
    if (entry.tag == tag) return &entry;
  }
  return nullptr;
}

}  // namespace

SpecialReading read_aws_sns(const Scheme& scheme, const SignedRequest& request, TimePoint) {
  // All of them are texts: a `true` that counted as "true" would be signed bytes that
  // a handler reads as something else.
  const auto read = find_text_fields(request.body, kNames);
  if (!read) return Refusal{Reason::malformed_body};
  const EventFields& fields = *read;
  auto content = content_of(fields);
  const auto& url = fields[cert_url] ? fields[cert_url] : fields[lambda_cert_url];
  if (!content || !fields[version] || !fields[signature] || !url) {
    return Refusal{Reason::malformed_body};
  }
  const Version* found = find_version(scheme, *fields[version]);
  if (found == nullptr) return Refusal{Reason::unsupported_version};
  if (!is_sns_certificate_url(*url)) return Refusal{Reason::untrusted_key};
  if (is_confirmation(*fields[type]) && !is_sns_url(*fields[subscribe_url])) {
    return Refusal{Reason::untrusted_key};
  }
  auto bytes = decode_signature(SignatureEncoding::base64, found->algorithm, *fields[signature]);
  if (!bytes) return Refusal{Reason::malformed_signature};
  return SpecialContentRead{.parts = {{{std::move(*content)}, found->algorithm, std::move(*bytes)}},
                            .key = {.url = *url}};
}

// The body is a message of SNS but for its signature. Where it names no certificate,
// it gets the URL of the setting "certificate_url".
Result<SignedMessage> sign_aws_sns(const Scheme& scheme, const SigningRequest& request,
                                   const SignContent& sign) {
  const EventFields fields =
      find_text_fields(request.body, kNames).value_or(EventFields(kNames.size()));
  const auto content = content_of(fields);
  if (!content) return refused("body", "this scheme signs a message of SNS and its fields");
  const auto made = sign_with_first_fitting(scheme, sign, *content);
  if (!made) return made.error();
  std::string body(request.body);
  const auto set = [&body](Field field, std::string_view value) {
    set_member(body, whole_value(body), kNames[field], quote_json(value));
  };
  set(version, made->version->tag);
  set(signature, encode_signature(SignatureEncoding::base64, made->bytes));
  if (!fields[cert_url] && !fields[lambda_cert_url]) {
    set(cert_url, scheme.setting("certificate_url"));
  }
  return SignedMessage{.body = std::move(body)};
}

}  // namespace webhookcore::special
