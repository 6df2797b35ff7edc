// The sender's half of HTTP Message Signatures. Besides the settings of rfc9421.cpp it
// knows "keyid".
#include <utility>

#include "webhookcore/core/special/content_digest.h"
#include "webhookcore/core/special/covered_components.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_base.h"
#include "webhookcore/core/special/signature_text.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore::special {
namespace {

constexpr std::string_view kInput = "Signature-Input";
constexpr std::string_view kDigest = "Content-Digest";
// Where nothing is required.
constexpr std::string_view kUsual = "@method @target-uri content-digest";

// Everything that will be on the request, as far as the signature may cover it.
std::vector<Header> sent_headers(const SigningRequest& request, std::string_view digest) {
  std::vector<Header> headers(request.headers.begin(), request.headers.end());
  const auto add_if_absent = [&headers](std::string_view name, std::string_view value) {
    if (find_header(headers, name).count == 0) headers.push_back({name, value});
  };
  add_if_absent(kDigest, digest);
  add_if_absent("Content-Type", request.content_type);
  return headers;
}

// `label=("@method" …);created=…;keyid="…"`; nullopt for a setting that cannot be put so.
std::optional<std::string> make_input(const Scheme& scheme, std::string_view created) {
  std::string_view required = scheme.setting("required");
  if (components_to_sign(required).empty()) required = kUsual;
  std::string input(scheme.setting("label").empty() ? "sig1" : scheme.setting("label"));
  input.append("=(");
  for (const std::string_view name : components_to_sign(required)) {
    const auto quoted = quote_field(name);
    if (!quoted) return std::nullopt;
    if (input.back() != '(') input.push_back(' ');
    input.append(*quoted);
  }
  input.append(");created=").append(created);
  for (const std::string_view name : {"keyid", "tag"}) {
    const std::string_view value = scheme.setting(name);
    if (value.empty()) continue;
    const auto quoted = quote_field(value);
    if (!quoted) return std::nullopt;
    input.append(";").append(name).append("=").append(*quoted);
  }
  return input;
}

}  // namespace

Result<SignedMessage> sign_rfc9421(const Scheme& scheme, const SigningRequest& request,
                                   const SignContent& sign) {
  const auto created = format_timestamp(TimestampForm::seconds, request.timestamp);
  if (!created) return refused("timestamp", "the timestamp lies outside of what can be written");
  const auto input = make_input(scheme, *created);
  const auto members = input ? parse_dictionary(*input) : std::nullopt;
  if (!members || members->size() != 1) {
    return refused("settings", "a label, name or key id that no Signature-Input can hold");
  }
  const std::string digest = make_content_digest(request.body);
  const auto headers = sent_headers(request, digest);
  const auto base = signature_base(
      members->front(), {request.method, request.url, scheme.setting("status"), headers});
  if (std::holds_alternative<Reason>(base)) {
    return refused("headers", "a component that has to be signed is not in the request");
  }
  const auto made = sign_with_first_fitting(scheme, sign, std::get<std::string>(base));
  if (!made) return made.error();
  SignedMessage message;
  if (find_header(request.headers, kDigest).count == 0) {
    message.headers.push_back({std::string(kDigest), digest});
  }
  message.headers.push_back({std::string(kInput), *input});
  message.headers.push_back({scheme.families.front().signature,
                             std::string(members->front().key) + "=:" +
                                 encode_signature(SignatureEncoding::base64, made->bytes) + ":"});
  return message;
}

}  // namespace webhookcore::special
