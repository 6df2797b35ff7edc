#include "webhookcore/core/reserved_headers.h"

#include <algorithm>
#include <array>
#include <string>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/scheme_text.h"
#include "webhookcore/core/sending_schemes.h"
#include "webhookcore/core/signing_headers.h"

namespace webhookcore {

namespace {

constexpr std::array<std::string_view, 14> kFraming = {
    "host",       "content-length", "content-type",      "content-encoding",
    "connection", "keep-alive",     "proxy-connection",  "proxy-authorization",
    "te",         "trailer",        "transfer-encoding", "upgrade",
    "expect",     "http2-settings"};

constexpr std::array<std::string_view, 2> kPrefixes = {"webhook-", "svix-"};

bool belongs_to(const Scheme& scheme, std::string_view name) {
  const auto same = [name](std::string_view other) {
    return !other.empty() && equals_ignoring_case(other, name);
  };
  const bool in_family =
      std::any_of(scheme.families.begin(), scheme.families.end(), [&](const HeaderFamily& family) {
        return same(family.signature) || same(family.timestamp) || same(family.id) ||
               (family.numbered && is_numbered_header(name, family.signature));
      });
  return in_family || same(scheme.weaker_signature_header) || writes_header(scheme, name);
}

}  // namespace

bool is_framing_header(std::string_view name) {
  return std::find(kFraming.begin(), kFraming.end(), to_lower_ascii(name)) != kFraming.end();
}

bool is_reserved_header(std::string_view name, std::span<const std::string> schemes) {
  const std::string lower = to_lower_ascii(name);
  const auto begins = [&](std::string_view prefix) {
    return lower.compare(0, prefix.size(), prefix) == 0;
  };
  if (is_framing_header(name)) return true;
  if (std::any_of(kPrefixes.begin(), kPrefixes.end(), begins)) return true;
  return std::any_of(schemes.begin(), schemes.end(), [&](const std::string& own) {
    const auto scheme = scheme_of(own);
    return scheme.ok() && belongs_to(**scheme, name);
  });
}

}  // namespace webhookcore
