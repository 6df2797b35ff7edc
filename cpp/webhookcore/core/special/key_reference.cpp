#include "webhookcore/core/special/key_reference.h"

#include <algorithm>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/plain_content.h"
#include "webhookcore/core/special/special_content.h"

namespace webhookcore {
namespace {

constexpr std::string_view kUrlSetting = "keys_url";
constexpr std::size_t kMaxKeyIdBytes = 256;

using Found = std::variant<KeyReference, Refusal>;

// Of a scheme that a row describes: the URL is the row's.
Found find_in_plain(const Verifier& verifier, const SignedRequest& request, TimePoint now) {
  const Scheme& scheme = verifier.scheme();
  ParsedSignatures signatures;
  const auto found = read_plain_content(scheme, {}, request, signatures);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return *refusal;
  const auto& read = std::get<PlainContentRead>(found);
  const SignedContent content(scheme, {request.body, read.headers.id, read.headers.timestamp,
                                       request.url, request.method, request.headers});
  if (const auto fault = fault_of(content)) return *fault;
  if (read.timestamp) {
    if (const auto fault = verifier.check_age(*read.timestamp, now)) {
      return Refusal{*fault, read.timestamp_header};
    }
  }
  return KeyReference{.url = std::string(scheme.setting(kUrlSetting))};
}

Found find_in_special(const Verifier& verifier, const SignedRequest& request, TimePoint now) {
  SpecialReading reading = read_special_content(verifier.scheme(), request, now);
  if (const auto* refusal = std::get_if<Refusal>(&reading)) return *refusal;
  auto& read = std::get<SpecialContentRead>(reading);
  if (read.told_last) return Refusal{*read.told_last, read.header};
  if (read.timestamp) {
    if (const auto fault = verifier.check_age(*read.timestamp, now)) {
      return Refusal{*fault, read.timestamp_header};
    }
  }
  const std::string& id = read.key.id;
  const bool has_id = id.size() <= kMaxKeyIdBytes && is_visible_ascii(id);
  if (!has_id && (!id.empty() || read.key.url.empty())) {
    return Refusal{Reason::untrusted_key, read.header};
  }
  return std::move(read.key);
}

}  // namespace

std::string_view to_string(KeySource source) {
  switch (source) {
    case KeySource::url:
      return "url";
    case KeySource::id:
      return "id";
    case KeySource::configured:
      break;
  }
  return "configured";
}

KeySource key_source(const Scheme& scheme) {
  const bool all_public =
      std::all_of(scheme.versions.begin(), scheme.versions.end(),
                  [](const Version& version) { return is_asymmetric(version.algorithm); });
  if (!all_public) return KeySource::configured;
  switch (scheme.special) {
    case SpecialContent::aws_sns:
    case SpecialContent::paypal:
      return KeySource::url;
    case SpecialContent::jws:
    case SpecialContent::rfc9421:
      return KeySource::id;
    case SpecialContent::none:
      return scheme.setting(kUrlSetting).empty() ? KeySource::configured : KeySource::url;
    default:
      return KeySource::configured;
  }
}

std::variant<KeyReference, Refusal> find_key_reference(const Verifier& verifier,
                                                       const SignedRequest& request,
                                                       TimePoint now) {
  return verifier.scheme().special == SpecialContent::none
             ? find_in_plain(verifier, request, now)
             : find_in_special(verifier, request, now);
}

}  // namespace webhookcore
