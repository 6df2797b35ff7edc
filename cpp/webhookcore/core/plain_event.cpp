#include "webhookcore/core/plain_event.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/correlation_id.h"
#include "webhookcore/core/event_pattern.h"

namespace webhookcore {

namespace {

constexpr int kLengthDigits = 18;

// Credentials of whoever stands between the provider and us, and the mark of what was fetched
// from a provider's API, which no request may bring.
constexpr std::array<std::string_view, 4> kNotKept = {
    "authorization", "cookie", "proxy-authorization", "webhookcore-reconciled"};

// What the long way looks at by itself: an announced length that is not the body's, and a body
// that would have to be inflated.
bool is_whole_and_bare(const SignedRequest& request) {
  return std::all_of(request.headers.begin(), request.headers.end(), [&](const Header& header) {
    if (!header.representable) return false;
    if (equals_ignoring_case(header.name, "content-encoding")) return false;
    if (!equals_ignoring_case(header.name, "content-length")) return true;
    return parse_decimal(header.value, kLengthDigits) ==
           static_cast<std::int64_t>(request.body.size());
  });
}

bool is_kept(const Header& header, const std::string& secret_header) {
  if (equals_ignoring_case(header.name, secret_header)) return false;
  return std::none_of(kNotKept.begin(), kNotKept.end(), [&](std::string_view name) {
    return equals_ignoring_case(header.name, name);
  });
}

bool takes(const PlainEventRules& rules, const std::optional<std::string>& type) {
  if (!rules.types) return true;
  return std::any_of(rules.types->begin(), rules.types->end(), [&](const std::string& pattern) {
    return matches_event_pattern(pattern, type.value_or(""));
  });
}

}  // namespace

bool can_be_plain(const Scheme& scheme) {
  return !requires_url(scheme) && scheme.special != SpecialContent::rfc9421;
}

std::optional<PlainEvent> read_plain_event(const PlainEventRules& rules, const Verifier& verifier,
                                           const SignedRequest& request, TimePoint now) {
  if (request.body.size() > rules.max_body || !is_whole_and_bare(request)) return std::nullopt;
  const Verdict verdict = verifier.verify(request, now);
  const auto* accepted = std::get_if<Accepted>(&verdict);
  if (accepted == nullptr) return std::nullopt;
  auto identity = identify_event(rules.identity, request.body, request.headers);
  if (!identity || (rules.needs_id && !identity->id) || !takes(rules, identity->type) ||
      !is_plain_text(identity->id.value_or(std::string()))) {
    return std::nullopt;
  }
  PlainEvent event{
      std::move(*identity), *accepted, {}, find_correlation_id(request.headers).has_value()};
  event.headers.reserve(request.headers.size() + 1);
  for (const Header& header : request.headers) {
    if (!is_kept(header, rules.secret_header)) continue;
    event.headers.push_back({std::string(header.name), std::string(header.value)});
  }
  return event;
}

}  // namespace webhookcore
