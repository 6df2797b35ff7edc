#include "webhookcore/core/signer.h"

#include <algorithm>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/signed_content.h"
#include "webhookcore/core/special/signature_text.h"
#include "webhookcore/core/special/special_content.h"
#include "webhookcore/core/timestamp.h"
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

// "pull_request.opened" is "pull_request" in the header, when the body says the rest.
std::string_view type_for_header(const Scheme& scheme, const SigningRequest& request) {
  const std::size_t dot = request.type.rfind('.');
  if (scheme.type_suffix_field.empty() || dot == std::string_view::npos) return request.type;
  const std::string_view path = scheme.type_suffix_field;
  const auto suffix = find_event_fields(request.body, std::span(&path, 1)).front();
  return suffix == request.type.substr(dot + 1) ? request.type.substr(0, dot) : request.type;
}

Result<std::string> sign_pieces(const SigningKey& key, Pieces pieces) {
  if (const auto* hmac = std::get_if<HmacKey>(&key.key)) {
    return std::string(hmac->mac(pieces).view());
  }
  if (const auto* private_key = std::get_if<PrivateKey>(&key.key)) {
    std::string message;
    join(pieces, message);
    return private_key->sign(as_signature_algorithm(key.algorithm), message);
  }
  std::vector<std::string_view> all{std::get<Secret>(key.key).reveal()};
  all.insert(all.end(), pieces.begin(), pieces.end());
  return std::string(digest(Hash::sha256, all).view());
}

// The sender's own headers, and those of the id and the type where the scheme signs them.
std::vector<Header> signed_headers(const Scheme& scheme, const SigningRequest& request) {
  std::vector<Header> headers(request.headers.begin(), request.headers.end());
  if (!scheme.type_header.empty() && find_header(headers, scheme.type_header).count == 0) {
    headers.push_back({scheme.type_header, type_for_header(scheme, request)});
  }
  if (!scheme.id_header.empty() && !request.id.empty() &&
      find_header(headers, scheme.id_header).count == 0) {
    headers.push_back({scheme.id_header, request.id});
  }
  return headers;
}

Result<std::string> sign_content(const Scheme& scheme, const SigningKey& key,
                                 const SigningRequest& request, std::string_view timestamp) {
  const auto headers = signed_headers(scheme, request);
  const SignedContent content(
      scheme, {request.body, request.id, timestamp, request.url, request.method, headers});
  if (!content.missing_header().empty()) {
    return refused("headers", "this scheme signs the header " +
                                  std::string(content.missing_header()) + ": give it once");
  }
  return sign_pieces(key, content.pieces());
}

const Version* version_of(const Scheme& scheme, Algorithm algorithm) {
  const auto found =
      std::find_if(scheme.versions.begin(), scheme.versions.end(),
                   [algorithm](const Version& version) { return version.algorithm == algorithm; });
  return found == scheme.versions.end() ? nullptr : &*found;
}

// One signature as its header writes it, without a tag.
Result<std::string> signature_text(const Scheme& scheme, const SigningKey& key,
                                   const SigningRequest& request, std::string_view timestamp) {
  const std::string& prefix = scheme.has_tags() ? std::string() : scheme.format.prefix;
  if (key.algorithm == Algorithm::token) {
    return prefix + std::string(std::get<Secret>(key.key).reveal());
  }
  const auto signature = sign_content(scheme, key, request, timestamp);
  if (!signature) return signature.error();
  return prefix + special::encode_signature(scheme.format.encoding, *signature);
}

// Lists get an item for each key; any other header has room for the first alone.
Result<std::string> signature_value(const Scheme& scheme, std::span<const SigningKey> keys,
                                    const SigningRequest& request, std::string_view timestamp) {
  const SignatureFormat& format = scheme.format;
  std::string value;
  const auto add_item = [&](std::string_view tag, std::string_view text) {
    if (!value.empty()) value.push_back(format.item_separator);
    if (!value.empty() && format.space_after_separator) value.push_back(' ');
    if (scheme.has_tags()) value.append(tag).push_back(format.pair_separator);
    value.append(text);
  };
  if (!format.timestamp_tag.empty()) add_item(format.timestamp_tag, timestamp);
  for (const SigningKey& key : scheme.is_list() ? keys : keys.first(1)) {
    const Version* version = version_of(scheme, key.algorithm);
    if (version == nullptr) return refused("secrets", "a key is for no version of this scheme");
    const auto text = signature_text(scheme, key, request, timestamp);
    if (!text) return text.error();
    add_item(version->tag, *text);
  }
  return value;
}

void append_if(std::vector<OwnedHeader>& headers, const std::string& name, std::string_view value) {
  if (!name.empty() && !value.empty()) headers.push_back({name, std::string(value)});
}

// A header for each key where they are numbered, else one.
Result<void> append_signatures(const Scheme& scheme, std::span<const SigningKey> keys,
                               const SigningRequest& request, std::string_view timestamp,
                               std::vector<OwnedHeader>& headers) {
  const HeaderFamily& family = scheme.families.front();
  const std::size_t count = family.numbered ? keys.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    auto value = signature_value(scheme, keys.subspan(i), request, timestamp);
    if (!value) return value.error();
    const std::string number = family.numbered ? std::to_string(i + 1) : "";
    headers.push_back({family.signature + number, std::move(*value)});
  }
  return {};
}

Result<SignedMessage> sign_by_row(const Scheme& scheme, std::span<const SigningKey> keys,
                                  const SigningRequest& request) {
  std::string timestamp;
  if (scheme.timestamp != TimestampForm::none && scheme.timestamp_field.empty()) {
    auto text = format_timestamp(scheme.timestamp, request.timestamp);
    if (!text) return refused("timestamp", "the timestamp lies outside of what can be written");
    timestamp = std::move(*text);
  }
  const HeaderFamily& family = scheme.families.front();
  SignedMessage message;
  append_if(message.headers, family.id, request.id);
  if (!family.timestamp.empty()) append_if(message.headers, family.timestamp, timestamp);
  if (auto done = append_signatures(scheme, keys, request, timestamp, message.headers); !done) {
    return done.error();
  }
  append_if(message.headers, scheme.id_header, request.id);
  append_if(message.headers, scheme.type_header, type_for_header(scheme, request));
  return message;
}

}  // namespace

bool signs_in_body(const Scheme& scheme) {
  return scheme.special == SpecialContent::mailgun || scheme.special == SpecialContent::adyen ||
         scheme.special == SpecialContent::aws_sns;
}

Result<SignedMessage> sign_message(const Scheme& scheme, std::span<const SigningKey> keys,
                                   const SigningRequest& request) {
  if (auto checked = check_scheme(scheme); !checked) return checked.error();
  if (keys.empty()) return refused("secrets", "no secret was given");
  if (keys.size() > kMaxSignatures) {
    return refused("secrets", "a request carries at most 64 signatures");
  }
  if (auto checked = check_request(scheme, request); !checked) return checked.error();
  if (scheme.special == SpecialContent::none) return sign_by_row(scheme, keys, request);
  return sign_special_content(
      scheme, request, [&](Algorithm algorithm, std::string_view content) -> Result<std::string> {
        for (const SigningKey& key : keys) {
          if (key.algorithm == algorithm) return sign_pieces(key, std::span(&content, 1));
        }
        return refused("secrets", "no secret is a key for this scheme's signature");
      });
}

Result<std::vector<OwnedHeader>> sign(const Scheme& scheme, std::span<const SigningKey> keys,
                                      const SigningRequest& request) {
  if (signs_in_body(scheme)) {
    return refused("scheme", scheme.name + " puts its signature into the body");
  }
  auto message = sign_message(scheme, keys, request);
  if (!message) return message.error();
  return std::move(message->headers);
}

}  // namespace webhookcore
