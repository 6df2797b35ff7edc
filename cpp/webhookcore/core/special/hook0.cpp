// Hook0, and Coinbase's platform by the same code: `t=…,h=…,v0=…,v1=…`. v0 signs
// `t.body`; v1 signs `t.h.values.body`, where `h` lists the names of the headers whose
// values, joined by dots, stand behind it. v1 alone counts where it is there: a right
// v0 beside a wrong v1 would be a downgrade.
#include <utility>

#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/special/message_header.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_text.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore::special {
namespace {

constexpr int kMaxListedHeaders = 64;
constexpr std::string_view kWithHeaders = "v1";
constexpr std::string_view kBodyOnly = "v0";

struct Items {
  std::optional<std::string_view> time = {};
  std::optional<std::string_view> names = {};
  std::optional<std::string_view> with_headers = {};
  std::optional<std::string_view> body_only = {};

  std::optional<std::string_view>* of(std::string_view tag) {
    if (tag == "t") return &time;
    if (tag == "h") return &names;
    if (tag == kWithHeaders) return &with_headers;
    return tag == kBodyOnly ? &body_only : nullptr;
  }
};

// nullopt for an item without a '=', and for one of ours that is there twice.
std::optional<Items> parse_items(std::string_view value) {
  Items items;
  while (true) {
    const std::size_t end = value.find(',');
    const std::string_view item = value.substr(0, end);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (auto* place = items.of(item.substr(0, equals))) {
      if (*place) return std::nullopt;
      *place = item.substr(equals + 1);
    }
    if (end == std::string_view::npos) return items;
    value.remove_prefix(end + 1);
  }
}

using JoinedValues = std::variant<std::string, Refusal>;

// The values of the listed headers. Each has to be there, once: what is absent could
// have been taken away, and of two nobody knows which was signed.
JoinedValues join_values(std::string_view names, std::span<const Header> headers,
                         std::string_view signature_header) {
  std::string joined;
  for (int count = 0; count < kMaxListedHeaders; ++count) {
    const std::size_t space = names.find(' ');
    const std::string_view name = names.substr(0, space);
    if (!is_header_name(name)) break;
    const HeaderValue value = read_header(headers, name);
    if (value.fault) return Refusal{*value.fault, signature_header};
    if (count > 0) joined.push_back('.');
    joined.append(value.text);
    if (space == std::string_view::npos) return joined;
    names.remove_prefix(space + 1);
  }
  return Refusal{Reason::malformed_header, signature_header};
}

const Version* find_version(const Scheme& scheme, const Items& items) {
  for (const Version& version : scheme.versions) {
    if (items.with_headers ? version.tag == kWithHeaders
                           : items.body_only && version.tag == kBodyOnly) {
      return &version;
    }
  }
  return nullptr;
}

std::string content_of(std::string_view time, std::string_view middle, std::string_view body) {
  std::string content(time);
  content.append(".").append(middle).append(body);
  return content;
}

// Everything between the time's dot and the body.
std::string middle_of(std::string_view names, std::string_view values) {
  return std::string(names).append(".").append(values).append(".");
}

}  // namespace

SpecialReading read_hook0(const Scheme& scheme, const SignedRequest& request, TimePoint) {
  const auto found = read_signing_headers(scheme, request.headers);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return *refusal;
  const auto& headers = std::get<SigningHeaders>(found);
  const std::string_view name = headers.family->signature;
  const auto items = parse_items(headers.signature);
  if (!items || !items->time) return Refusal{Reason::malformed_header, name};
  const auto at = parse_timestamp(scheme.timestamp, *items->time);
  if (!at) return Refusal{Reason::malformed_timestamp, name};
  const Version* version = find_version(scheme, *items);
  if (version == nullptr) return Refusal{Reason::unsupported_version, name};

  std::string middle;
  if (items->with_headers) {
    if (!items->names) return Refusal{Reason::malformed_header, name};
    const JoinedValues values = join_values(*items->names, request.headers, name);
    if (const auto* refusal = std::get_if<Refusal>(&values)) return *refusal;
    middle = middle_of(*items->names, std::get<std::string>(values));
  }
  auto signature =
      decode_signature(scheme.format.encoding, version->algorithm,
                       *(items->with_headers ? items->with_headers : items->body_only));
  if (!signature) return Refusal{Reason::malformed_signature, name};
  return SpecialContentRead{.parts = {{{content_of(*items->time, middle, request.body)},
                                       version->algorithm,
                                       std::move(*signature)}},
                            .header = name,
                            .timestamp = at,
                            .timestamp_header = name};
}

// Signs the id, the type and every other header that the sender says will be there.
Result<SignedMessage> sign_hook0(const Scheme& scheme, const SigningRequest& request,
                                 const SignContent& sign) {
  const auto time = format_timestamp(scheme.timestamp, request.timestamp);
  if (!time) return refused("timestamp", "the timestamp lies outside of what can be written");
  SignedMessage message;
  if (!request.id.empty()) message.headers.push_back({scheme.id_header, std::string(request.id)});
  if (!request.type.empty()) {
    message.headers.push_back({scheme.type_header, std::string(request.type)});
  }
  std::vector<Header> sent(request.headers.begin(), request.headers.end());
  for (const OwnedHeader& header : message.headers) sent.push_back({header.name, header.value});
  if (sent.empty()) return refused("id", "this scheme signs headers: give an id, or others");
  std::string names;
  for (const Header& header : sent) {
    if (!names.empty()) names.push_back(' ');
    names.append(header.name);
  }
  const JoinedValues values = join_values(names, sent, {});
  if (!std::holds_alternative<std::string>(values)) {
    return refused("headers", "a signed header is there twice, empty, or no header");
  }
  const std::string middle = middle_of(names, std::get<std::string>(values));
  const auto signature =
      sign(scheme.versions.front().algorithm, content_of(*time, middle, request.body));
  if (!signature) return signature.error();
  std::string value = "t=" + *time + ",h=" + names + "," + std::string(kWithHeaders) + "=";
  value.append(encode_signature(scheme.format.encoding, *signature));
  message.headers.push_back({scheme.families.front().signature, std::move(value)});
  return message;
}

}  // namespace webhookcore::special
