#include "webhookcore/core/hint.h"

#include <algorithm>
#include <array>
#include <optional>

#include "webhookcore/base/encoding.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/hint_components.h"
#include "webhookcore/core/json_layout.h"
#include "webhookcore/core/signature_header.h"
#include "webhookcore/core/signing_headers.h"
#include "webhookcore/core/special/special_content.h"
#include "webhookcore/core/timestamp.h"

namespace webhookcore {
namespace {

// The text of a hint is ours, plus header names, provider names and numbers.
// No byte of a key, a signature or a body is ever put into one.

// Age is judged after the MAC, so a refused age means that the MAC matched.
bool signature_matches(const Verifier& verifier, SignedRequest request, std::string_view body,
                       TimePoint now) {
  request.body = body;
  const Verdict verdict = verifier.verify(request, now);
  if (const auto* refusal = std::get_if<Refusal>(&verdict)) {
    return refusal->reason == Reason::timestamp_too_old ||
           refusal->reason == Reason::timestamp_too_new;
  }
  return true;
}

// A refused age means that the signature matched, so the body is the sender's.
std::optional<TimePoint> time_without_header(const Scheme& scheme, const SignedRequest& request,
                                             TimePoint now) {
  if (scheme.special != SpecialContent::none) {
    const SpecialReading reading = read_special_content(scheme, request, now);
    const auto* read = std::get_if<SpecialContentRead>(&reading);
    return read == nullptr ? std::nullopt : read->timestamp;
  }
  const std::string_view path = scheme.timestamp_field;
  const auto text = find_event_fields(request.body, std::span(&path, 1)).front();
  return text ? parse_timestamp(scheme.timestamp, *text) : std::nullopt;
}

std::optional<TimePoint> signed_time(const Scheme& scheme, const SignedRequest& request,
                                     TimePoint now) {
  if (scheme.special != SpecialContent::none || !scheme.timestamp_field.empty()) {
    return time_without_header(scheme, request, now);
  }
  const auto read = read_signing_headers(scheme, request.headers);
  const auto* headers = std::get_if<SigningHeaders>(&read);
  if (headers == nullptr) return std::nullopt;
  if (scheme.format.timestamp_tag.empty()) {
    return parse_timestamp(scheme.timestamp, headers->timestamp);
  }
  ParsedSignatures parsed;
  if (parse_signature_header(scheme, {}, headers->signature, parsed)) return std::nullopt;
  return parse_timestamp(scheme.timestamp, parsed.timestamp);
}

std::string seconds(Duration span) { return std::to_string(span.count() / 1000) + " s"; }

std::string explain_age(const Verifier& verifier, const SignedRequest& request, TimePoint now) {
  const auto at = signed_time(verifier.scheme(), request, now);
  if (!at) return "The times that the request carries do not allow it now.";
  const bool past = *at < now;
  const Duration skew = past ? now - *at : *at - now;
  return "The request was signed " + seconds(skew) + (past ? " before" : " after") +
         " the time of this check; " + seconds(verifier.tolerance()) + " are allowed. " +
         (past ? "It was delivered late or replayed, or this clock is ahead."
               : "This clock is behind, or the sender's is ahead.");
}

bool looks_like_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
}

// Which change of the body makes the signature match, in words.
std::optional<std::string> matching_change(const Verifier& verifier, const SignedRequest& request,
                                           TimePoint now) {
  const std::string_view body = request.body;
  const auto matches = [&](std::string_view other) {
    return other != body && signature_matches(verifier, request, other, now);
  };
  std::string_view bare = body;
  while (bare.ends_with('\n') || bare.ends_with('\r')) {
    bare.remove_suffix(1);
    if (matches(bare)) {
      return "The signature matches the body with its trailing newline removed: something "
             "appended it on the way.";
    }
  }
  for (const std::string_view newline : {"\n", "\r\n"}) {
    if (matches(std::string(body).append(newline))) {
      return "The signature matches the body with a trailing newline added: something took it "
             "off on the way.";
    }
  }
  if (!looks_like_json(body)) return std::nullopt;
  for (const auto layout : {JsonLayout::compact, JsonLayout::spaced, JsonLayout::indented_2}) {
    const std::string other = lay_out_json(body, layout);
    if (matches(other) || matches(other + "\n")) {
      return "The signature matches the same JSON with other white space: the body looks "
             "re-serialised. Verify the raw bytes, before anything parses them.";
    }
  }
  return std::nullopt;
}

// Names the secrets by their place, never by a byte of them.
std::string unusual_secrets(const Verifier& verifier) {
  std::string found;
  for (std::size_t i = 0; i < verifier.keys().size(); ++i) {
    if (!verifier.keys()[i].lacks_usual_prefix) continue;
    found += (found.empty() ? " secrets[" : ", secrets[") + std::to_string(i) + "]";
  }
  if (found.empty()) return {};
  return " The prefix " + verifier.scheme().key.usual_prefix +
         " of this provider's signing secrets is missing from" + found + ".";
}

std::string explain_mismatch(const Verifier& verifier, const SignedRequest& request,
                             TimePoint now) {
  const bool signs_url =
      requires_url(verifier.scheme()) ||
      (verifier.scheme().special == SpecialContent::rfc9421 && covers_url(request));
  if (signs_url && request.url.empty()) {
    return "This scheme signs the request's URL, and none was given.";
  }
  if (auto change = matching_change(verifier, request, now)) return *change;
  std::string text = "No secret matches. Either it is another endpoint's secret or an old one, ";
  text += signs_url ? "or the URL is not the public one that the sender called, " : "";
  text += looks_like_json(request.body)
              ? "or the body is not byte for byte what was sent: it may have been parsed and "
                "written again."
              : "or the body is not byte for byte what was sent.";
  return text + unusual_secrets(verifier);
}

// Built-in schemes of which this request carries the signature header.
std::string other_providers(const Scheme& own, std::span<const Header> headers) {
  std::string found;
  for (const Scheme& scheme : built_in_schemes()) {
    for (const HeaderFamily& family : scheme.families) {
      const bool is_own =
          std::any_of(own.families.begin(), own.families.end(),
                      [&](const HeaderFamily& mine) { return mine.signature == family.signature; });
      if (is_own || find_header(headers, family.signature).count == 0) continue;
      if (!found.empty()) found += ", ";
      found += family.signature + " (" + scheme.name + ")";
    }
  }
  return found;
}

// The header is there: something that it speaks of is not.
std::string explain_uncovered(const SignedRequest& request, const std::string& header) {
  const std::string absent = absent_component(request);
  if (!absent.empty()) {
    return "The signature covers the header " + absent +
           ", which the request does not carry: it was taken away or not passed on.";
  }
  return "The header " + header +
         " holds no signature of the label or tag that this scheme asks for, or covers a part of "
         "the query that the URL does not have.";
}

std::string explain_missing(const Verifier& verifier, const SignedRequest& request,
                            const Refusal& refusal) {
  const std::string name(refusal.header);
  if (name.empty()) return "A part of the body that has to be signed has no signature.";
  const HeaderMatch there = find_header(request.headers, refusal.header);
  if (there.count > 0 && verifier.scheme().special == SpecialContent::rfc9421 &&
      !there.first->value.empty()) {
    return explain_uncovered(request, name);
  }
  if (there.count > 0) return "The header " + name + " is there but empty.";
  const std::string others = other_providers(verifier.scheme(), request.headers);
  if (!others.empty()) {
    return "The header " + name + " is absent, but there is one of another provider: " + others +
           ".";
  }
  return "The header " + name + " is absent: the sender has no secret configured, or a proxy " +
         "took the header away.";
}

std::string explain_version(const Verifier& verifier, const SignedRequest& request,
                            const Refusal& refusal) {
  const Scheme& scheme = verifier.scheme();
  if (find_header(request.headers, refusal.header).count == 0) {
    return "Only " + scheme.weaker_signature_header +
           " is there, which is too weak to be accepted in place of " +
           std::string(refusal.header) + ".";
  }
  return "The header " + std::string(refusal.header) +
         " holds signatures, but none of a version that a configured key is for.";
}

// What the header should have looked like, in the scheme's own marks.
std::string explain_layout(const Scheme& scheme, const Refusal& refusal) {
  const SignatureFormat& format = scheme.format;
  const std::string header(refusal.header);
  if (scheme.special == SpecialContent::rfc9421 && header == "Signature-Input") {
    return "The header " + header +
           " covers less than this scheme's `required`, lacks a `created` that is asked for, or is "
           "no list of components.";
  }
  if (scheme.special != SpecialContent::none || scheme.families.empty()) {
    return "The header " + header + " is not laid out as this scheme's is.";
  }
  if (refusal.header != scheme.families.front().signature) {
    return "The value of " + header + " is empty, too long, or holds bytes that it may not.";
  }
  std::string form = format.prefix + "SIGNATURE";
  if (scheme.has_tags()) {
    const std::string tag = scheme.versions.front().tag + format.pair_separator + "SIGNATURE";
    form = format.timestamp_tag.empty() ? tag
                                        : format.timestamp_tag + format.pair_separator + "TIME" +
                                              format.item_separator + tag;
  }
  return "The header " + header + " is not of the form " + form + ", or holds control characters.";
}

std::string explain_timestamp(const Scheme& scheme, const std::string& header) {
  const std::string place =
      header.empty() ? "The timestamp in the body" : "The timestamp in " + header;
  switch (scheme.timestamp) {
    case TimestampForm::iso8601:
      return place + " is not an ISO 8601 time with a zone.";
    case TimestampForm::seconds_or_iso8601:
      return place + " is not plain digits or an ISO 8601 time with a zone.";
    case TimestampForm::http_date:
      return place + " is not a date as HTTP writes it.";
    default:
      return place + " is not plain digits.";
  }
}

std::string explain_encoding(const Scheme& scheme, const Refusal& refusal) {
  const bool hex = scheme.format.encoding == SignatureEncoding::hex;
  const std::size_t size = signature_size(scheme.versions.front().algorithm);
  return "The signature in " + std::string(refusal.header) + " is not " +
         (hex ? std::to_string(size * 2) + " lower-case hexadecimal digits."
              : "standard base64, padding included, of the length that the algorithm gives.");
}

}  // namespace

std::string explain(const Verifier& verifier, const SignedRequest& request, const Refusal& refusal,
                    TimePoint now) {
  const std::string header(refusal.header);
  switch (refusal.reason) {
    case Reason::timestamp_too_old:
    case Reason::timestamp_too_new:
      return explain_age(verifier, request, now);
    case Reason::signature_mismatch:
      return explain_mismatch(verifier, request, now);
    case Reason::body_mismatch:
      return matching_change(verifier, request, now)
          .value_or("The URL is signed rightly, but the hash in it is not this body's.");
    case Reason::missing_header:
      return explain_missing(verifier, request, refusal);
    case Reason::unsupported_version:
      return explain_version(verifier, request, refusal);
    case Reason::malformed_signature:
      return explain_encoding(verifier.scheme(), refusal);
    case Reason::duplicate_header:
      return "The header " + header + " came more than once; which of them counts is not ours " +
             "to guess.";
    case Reason::malformed_timestamp:
      return explain_timestamp(verifier.scheme(), header);
    case Reason::malformed_header:
      return explain_layout(verifier.scheme(), refusal);
    case Reason::header_too_large:
      return "The header " + header + " is longer than " +
             std::to_string(kMaxSignatureHeaderBytes) + " bytes; no sender needs that.";
    case Reason::too_many_signatures:
      return "There are more than " + std::to_string(kMaxSignatures) + " signatures.";
    case Reason::malformed_body:
      return "The body is not what this provider sends: what it signs is not in it.";
    case Reason::untrusted_key:
      return "The request names a key of another host than the provider's own, or the key does "
             "not belong to the provider.";
    case Reason::body_too_large:
      return "The body is larger than this receiver accepts.";
  }
  return {};
}

}  // namespace webhookcore
