#include "webhookcore/core/signer.h"

#include <algorithm>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/signed_content.h"
#include "webhookcore/core/timestamp.h"
#include "webhookcore/core/twilio_content.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {
namespace {

constexpr std::size_t kMaxIdBytes = 256;

using Pieces = std::span<const std::string_view>;

Error refused(std::string field, std::string detail) {
  return {ErrorCode::config, std::move(detail), std::move(field)};
}

Result<void> check_request(const Scheme& scheme, const SigningRequest& request) {
  if (request.id.empty()) {
    if (scheme.signs_id()) return refused("id", "this scheme signs an id, and none was given");
  } else if (request.id.size() > kMaxIdBytes || !is_visible_ascii(request.id)) {
    return refused("id", "an id has 1 to 256 visible ASCII characters");
  }
  if (!is_header_value(request.type)) {
    return refused("type", "a type goes into a header and holds no control characters");
  }
  if (requires_url(scheme) && request.url.empty()) {
    return refused("url", "this scheme signs the URL, and none was given");
  }
  return {};
}

Result<std::string> sign_pieces(const SigningKey& key, Pieces pieces) {
  if (const auto* hmac = std::get_if<HmacKey>(&key.key)) {
    return std::string(hmac->mac(pieces).view());
  }
  std::string message;
  join(pieces, message);
  return ed25519_sign(std::get<Secret>(key.key), message);
}

Result<std::string> sign_content(const Scheme& scheme, const SigningKey& key,
                                 const SigningRequest& request, std::string_view timestamp) {
  if (scheme.special == SpecialContent::twilio) {
    const auto content = TwilioContent::of({request.url, request.body, request.content_type});
    if (!content) return refused("url", "a body that is no form needs bodySHA256 in the URL");
    if (content->body_differs()) {
      return refused("url", "bodySHA256 in the URL is not the lower-case SHA-256 of the body");
    }
    return sign_pieces(key, content->pieces(0));
  }
  const SignedContent content(scheme,
                              {request.body, request.id, timestamp, request.url, request.method});
  return sign_pieces(key, content.pieces());
}

std::string encode(SignatureEncoding encoding, std::string_view bytes) {
  return encoding == SignatureEncoding::hex ? encode_hex(bytes) : encode_base64(bytes);
}

const Version* version_of(const Scheme& scheme, Algorithm algorithm) {
  const auto found =
      std::find_if(scheme.versions.begin(), scheme.versions.end(),
                   [algorithm](const Version& version) { return version.algorithm == algorithm; });
  return found == scheme.versions.end() ? nullptr : &*found;
}

// Lists get an item for each key; any other header has room for the first alone.
Result<std::string> signature_value(const Scheme& scheme, std::span<const SigningKey> keys,
                                    const SigningRequest& request, std::string_view timestamp) {
  const SignatureFormat& format = scheme.format;
  std::string value;
  const auto add_item = [&](std::string_view tag, std::string_view text) {
    if (!value.empty()) value.push_back(format.item_separator);
    value.append(tag).push_back(format.pair_separator);
    value.append(text);
  };
  if (!format.timestamp_tag.empty()) add_item(format.timestamp_tag, timestamp);
  for (const SigningKey& key : scheme.is_list() ? keys : keys.first(1)) {
    const Version* version = version_of(scheme, key.algorithm);
    if (version == nullptr) return refused("secrets", "a key is for no version of this scheme");
    const auto signature = sign_content(scheme, key, request, timestamp);
    if (!signature) return signature.error();
    const std::string text = encode(format.encoding, *signature);
    if (!scheme.is_list()) return format.prefix + text;
    add_item(version->tag, text);
  }
  return value;
}

// "pull_request.opened" is "pull_request" in the header, when the body says the rest.
std::string_view type_for_header(const Scheme& scheme, const SigningRequest& request) {
  const std::size_t dot = request.type.rfind('.');
  if (scheme.type_suffix_field.empty() || dot == std::string_view::npos) return request.type;
  const std::string_view path = scheme.type_suffix_field;
  const auto suffix = find_event_fields(request.body, std::span(&path, 1)).front();
  return suffix == request.type.substr(dot + 1) ? request.type.substr(0, dot) : request.type;
}

void append_if(std::vector<OwnedHeader>& headers, const std::string& name, std::string_view value) {
  if (!name.empty() && !value.empty()) headers.push_back({name, std::string(value)});
}

}  // namespace

Result<std::vector<OwnedHeader>> sign(const Scheme& scheme, std::span<const SigningKey> keys,
                                      const SigningRequest& request) {
  if (auto checked = check_scheme(scheme); !checked) return checked.error();
  if (keys.empty()) return refused("secrets", "no secret was given");
  if (scheme.is_list() && keys.size() > kMaxSignatures) {
    return refused("secrets", "a signature header holds at most 64 signatures");
  }
  if (auto checked = check_request(scheme, request); !checked) return checked.error();
  std::string timestamp;
  if (scheme.timestamp != TimestampForm::none) {
    auto text = format_timestamp(scheme.timestamp, request.timestamp);
    if (!text) return refused("timestamp", "the timestamp lies outside of what can be written");
    timestamp = std::move(*text);
  }
  auto signature = signature_value(scheme, keys, request, timestamp);
  if (!signature) return signature.error();

  const HeaderFamily& family = scheme.families.front();
  std::vector<OwnedHeader> headers;
  append_if(headers, family.id, request.id);
  append_if(headers, family.timestamp, timestamp);
  append_if(headers, family.signature, *signature);
  append_if(headers, scheme.id_header, request.id);
  append_if(headers, scheme.type_header, type_for_header(scheme, request));
  return headers;
}

}  // namespace webhookcore
