// HTTP Message Signatures (RFC 9421) of requests: which signature counts, what it has
// to cover, and how old it may be.
//
// Settings: "required" (covered_components.h); "require_created" ("0" or "1"; when empty,
// whoever requires anything requires that, too); "label" and "tag" choose one of several
// signatures; "status" is that of a response.
#include <algorithm>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/signature_header.h"
#include "webhookcore/core/special/algorithm_names.h"
#include "webhookcore/core/special/content_digest.h"
#include "webhookcore/core/special/covered_components.h"
#include "webhookcore/core/special/message_components.h"
#include "webhookcore/core/special/scheme_functions.h"
#include "webhookcore/core/special/signature_base.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore::special {
namespace {

constexpr std::string_view kInput = "Signature-Input";
constexpr std::string_view kDigest = "content-digest";

using Members = std::vector<FieldMember>;

// `text` is what the members are views into.
std::variant<Members, Refusal> read_dictionary(std::span<const Header> headers,
                                               std::string_view name, std::string& text) {
  auto combined = combined_header(headers, name);
  if (const auto* reason = std::get_if<Reason>(&combined)) return Refusal{*reason, name};
  text = std::get<std::string>(std::move(combined));
  if (text.size() > kMaxSignatureHeaderBytes) return Refusal{Reason::header_too_large, name};
  if (text.empty()) return Refusal{Reason::missing_header, name};
  auto members = parse_dictionary(text);
  if (!members) return Refusal{Reason::malformed_header, name};
  return std::move(*members);
}

bool is_chosen(const FieldMember& input, const Scheme& scheme) {
  const std::string_view label = scheme.setting("label");
  const std::string_view tag = scheme.setting("tag");
  if (!label.empty() && input.key != label) return false;
  if (tag.empty()) return true;
  const FieldValue* value = find_parameter(input.parameters, "tag");
  return value != nullptr && value->type == FieldValue::Type::string && value->text == tag;
}

using Chosen = std::variant<const FieldMember*, Refusal>;

// Of several nobody knows which is meant, unless a setting says so.
Chosen choose(const Members& inputs, const Scheme& scheme) {
  const FieldMember* chosen = nullptr;
  for (const FieldMember& input : inputs) {
    if (!is_chosen(input, scheme)) continue;
    if (chosen != nullptr) return Refusal{Reason::too_many_signatures, kInput};
    chosen = &input;
  }
  if (chosen == nullptr) return Refusal{Reason::missing_header, kInput};
  if (!chosen->is_list) return Refusal{Reason::malformed_header, kInput};
  return chosen;
}

// A signature without a time is good for ever.
bool requires_created(const Scheme& scheme) {
  const std::string_view said = scheme.setting("require_created");
  return said.empty() ? !scheme.setting("required").empty() : said != "0";
}

bool covers_enough(const FieldMember& input, const Scheme& scheme) {
  return covers_all(input, scheme.setting("required")) &&
         (!requires_created(scheme) || find_parameter(input.parameters, "created") != nullptr);
}

using Time = std::variant<std::optional<TimePoint>, Reason>;

Time read_time(const FieldMember& input, std::string_view name) {
  const FieldValue* value = find_parameter(input.parameters, name);
  if (value == nullptr) return std::optional<TimePoint>();
  const bool is_integer = value->type == FieldValue::Type::integer;
  const auto at = is_integer ? parse_timestamp(TimestampForm::seconds, value->text) : std::nullopt;
  if (!at) return Reason::malformed_timestamp;
  return at;
}

// Those of the scheme; where the signature names its own, that one alone.
std::variant<std::vector<Algorithm>, Reason> read_algorithms(const FieldMember& input,
                                                             const Scheme& scheme) {
  const FieldValue* named = find_parameter(input.parameters, "alg");
  std::vector<Algorithm> algorithms;
  for (const Version& version : scheme.versions) {
    const bool fits = named == nullptr || (named->type == FieldValue::Type::string &&
                                           algorithm_named(named->text) == version.algorithm);
    if (fits) algorithms.push_back(version.algorithm);
  }
  if (algorithms.empty()) return Reason::unsupported_version;
  return algorithms;
}

bool has_possible_size(std::string_view signature, const std::vector<Algorithm>& algorithms) {
  return std::any_of(algorithms.begin(), algorithms.end(), [&](Algorithm algorithm) {
    const std::size_t size = signature_size(algorithm);
    return size == 0 ? !signature.empty() : signature.size() == size;
  });
}

// What the parameters of a signature say, put into `read`; why they may not say it.
std::optional<Reason> read_parameters(const FieldMember& input, TimePoint now,
                                      SpecialContentRead& read) {
  const Time created = read_time(input, "created");
  const Time expires = read_time(input, "expires");
  for (const Time* time : {&created, &expires}) {
    if (const auto* reason = std::get_if<Reason>(time)) return *reason;
  }
  read.timestamp = std::get<0>(created);
  if (std::get<0>(expires) && now > *std::get<0>(expires)) {
    read.told_last = Reason::timestamp_too_old;
  }
  if (const FieldValue* id = find_parameter(input.parameters, "keyid")) {
    if (id->type != FieldValue::Type::string) return Reason::malformed_header;
    read.key.id = id->text;
  }
  return std::nullopt;
}

std::optional<Reason> check_body(const FieldMember& input, const SignedRequest& request,
                                 SpecialContentRead& read) {
  if (!covers(input, kDigest)) return std::nullopt;
  const auto value = combined_header(request.headers, kDigest);
  if (const auto* reason = std::get_if<Reason>(&value)) return *reason;
  const auto fault = check_content_digest(std::get<std::string>(value), request.body);
  if (fault != Reason::body_mismatch) return fault;
  read.told_last = fault;
  return std::nullopt;
}

std::optional<Reason> read_signature(const Scheme& scheme, const FieldMember& input,
                                     const FieldMember* signature, const SignedRequest& request,
                                     SpecialContentRead& read) {
  if (signature == nullptr) return Reason::missing_header;
  if (signature->is_list || signature->items.front().value.type != FieldValue::Type::bytes) {
    return Reason::malformed_signature;
  }
  auto algorithms = read_algorithms(input, scheme);
  if (const auto* reason = std::get_if<Reason>(&algorithms)) return *reason;
  auto& possible = std::get<std::vector<Algorithm>>(algorithms);
  const std::string& bytes = signature->items.front().value.text;
  if (!has_possible_size(bytes, possible)) return Reason::malformed_signature;
  auto base = signature_base(
      input, {request.method, request.url, scheme.setting("status"), request.headers});
  if (const auto* reason = std::get_if<Reason>(&base)) return *reason;
  SignedPart part{{std::get<std::string>(std::move(base))}, possible.front(), bytes};
  part.other_algorithms.assign(possible.begin() + 1, possible.end());
  read.parts.push_back(std::move(part));
  return std::nullopt;
}

}  // namespace

SpecialReading read_rfc9421(const Scheme& scheme, const SignedRequest& request, TimePoint now) {
  const std::string_view name = scheme.families.front().signature;
  std::string input_text;
  std::string signature_text;
  const auto inputs = read_dictionary(request.headers, kInput, input_text);
  if (const auto* refusal = std::get_if<Refusal>(&inputs)) return *refusal;
  const auto signatures = read_dictionary(request.headers, name, signature_text);
  if (const auto* refusal = std::get_if<Refusal>(&signatures)) return *refusal;
  const Chosen chosen = choose(std::get<Members>(inputs), scheme);
  if (const auto* refusal = std::get_if<Refusal>(&chosen)) return *refusal;
  const FieldMember& input = *std::get<const FieldMember*>(chosen);

  SpecialContentRead read{.header = name, .timestamp_header = kInput};
  if (!covers_enough(input, scheme)) return Refusal{Reason::malformed_header, kInput};
  if (const auto fault = read_parameters(input, now, read)) return Refusal{*fault, kInput};
  const FieldMember* signature = find_field(std::get<Members>(signatures), input.key);
  if (const auto fault = read_signature(scheme, input, signature, request, read)) {
    return Refusal{*fault, name};
  }
  if (const auto fault = check_body(input, request, read)) return Refusal{*fault, "Content-Digest"};
  return read;
}

}  // namespace webhookcore::special
