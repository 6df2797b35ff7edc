// Twilio and Mandrill sign the URL and the sorted form fields (twilio_content.h). For
// Mandrill, whose row has the setting "url" = "as_given", there is one spelling of the
// URL and no hash of the body in it.
#include <algorithm>
#include <utility>

#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/special/message_header.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_text.h"
#include "webhookcore/core/twilio_content.h"

namespace webhookcore::special {
namespace {

constexpr std::string_view kContentType = "Content-Type";

bool takes_url_as_given(const Scheme& scheme) { return scheme.setting("url") == "as_given"; }

std::string spell(const TwilioContent& content, std::size_t variant) {
  std::string joined;
  for (const std::string_view piece : content.pieces(variant)) joined.append(piece);
  return joined;
}

// Each spelling once: a form of a megabyte is not hashed three times for nothing.
std::vector<std::string> contents_of(const Scheme& scheme, const TwilioContent& content) {
  const std::size_t variants = takes_url_as_given(scheme) ? 1 : TwilioContent::kVariants;
  std::vector<std::string> contents;
  for (std::size_t variant = 0; variant < variants; ++variant) {
    std::string text = spell(content, variant);
    if (std::find(contents.begin(), contents.end(), text) == contents.end()) {
      contents.push_back(std::move(text));
    }
  }
  return contents;
}

}  // namespace

SpecialReading read_twilio(const Scheme& scheme, const SignedRequest& request, TimePoint) {
  const auto found = read_signing_headers(scheme, request.headers);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return *refusal;
  const auto& headers = std::get<SigningHeaders>(found);
  const std::string_view name = headers.family->signature;
  const HeaderValue content_type = read_header(request.headers, kContentType);
  if (content_type.fault && !content_type.is_missing()) {
    return Refusal{*content_type.fault, kContentType};
  }
  const Algorithm algorithm = scheme.versions.front().algorithm;
  auto signature = decode_signature(scheme.format.encoding, algorithm, headers.signature);
  if (!signature) return Refusal{Reason::malformed_signature, name};
  if (request.url.empty()) return Refusal{Reason::signature_mismatch, name};

  const auto content = TwilioContent::of(
      {request.url, request.body, content_type.text, !takes_url_as_given(scheme)});
  if (!content) return Refusal{Reason::signature_mismatch, name};
  SpecialContentRead read{.parts = {{contents_of(scheme, *content), algorithm, {}}},
                          .header = name};
  read.parts.front().signature = std::move(*signature);
  if (content->body_differs()) read.told_last = Reason::body_mismatch;
  return read;
}

Result<SignedMessage> sign_twilio(const Scheme& scheme, const SigningRequest& request,
                                  const SignContent& sign) {
  if (request.url.empty()) return refused("url", "this scheme signs the URL, and none was given");
  const auto content = TwilioContent::of(
      {request.url, request.body, request.content_type, !takes_url_as_given(scheme)});
  if (!content) {
    return refused("url", takes_url_as_given(scheme)
                              ? "this scheme signs the fields of a form, and the body is none"
                              : "a body that is no form needs bodySHA256 in the URL");
  }
  if (content->body_differs()) {
    return refused("url", "bodySHA256 in the URL is not the lower-case SHA-256 of the body");
  }
  const auto signature = sign(scheme.versions.front().algorithm, spell(*content, 0));
  if (!signature) return signature.error();
  return SignedMessage{.headers = {{scheme.families.front().signature,
                                    encode_signature(scheme.format.encoding, *signature)}}};
}

}  // namespace webhookcore::special
