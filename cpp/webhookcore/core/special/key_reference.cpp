#include "webhookcore/core/special/key_reference.h"

#include <utility>

#include "webhookcore/core/special/special_content.h"

namespace webhookcore {
namespace {

std::optional<Reason> fault_of(const SpecialContentRead& read, const Scheme& scheme,
                               TimePoint now) {
  if (read.told_last) return read.told_last;
  if (!read.timestamp) return std::nullopt;
  if (now - *read.timestamp > scheme.tolerance) return Reason::timestamp_too_old;
  if (*read.timestamp - now > scheme.tolerance) return Reason::timestamp_too_new;
  return std::nullopt;
}

}  // namespace

std::variant<KeyReference, Refusal> find_key_reference(const Scheme& scheme,
                                                       const SignedRequest& request,
                                                       TimePoint now) {
  SpecialReading reading = read_special_content(scheme, request, now);
  if (const auto* refusal = std::get_if<Refusal>(&reading)) return *refusal;
  auto& read = std::get<SpecialContentRead>(reading);
  if (const auto fault = fault_of(read, scheme, now)) return Refusal{*fault, read.header};
  if (read.key.url.empty() && read.key.id.empty()) {
    return Refusal{Reason::untrusted_key, read.header};
  }
  return std::move(read.key);
}

}  // namespace webhookcore
