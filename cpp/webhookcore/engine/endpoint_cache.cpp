#include "webhookcore/engine/endpoint_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "webhookcore/core/reserved_headers.h"
#include "webhookcore/core/scheme_text.h"

namespace webhookcore {

namespace {

bool is_active(const EndpointSecret& secret, TimePoint now) {
  return !secret.expires_at || *secret.expires_at > now;
}

// A secret may be a key of one of the endpoint's schemes and not of another (an
// Ed25519 key beside a shared one), so a text that does not parse is passed over.
std::vector<SigningKey> keys_of(const Scheme& scheme, const Endpoint& row, TimePoint now) {
  std::vector<SigningKey> keys;
  for (const EndpointSecret& secret : row.secrets) {
    if (!is_active(secret, now)) continue;
    auto key = parse_signing_key(scheme, secret.text.reveal());
    if (key.ok()) keys.push_back(std::move(key).value());
  }
  return keys;
}

std::optional<TimePoint> next_expiry(const Endpoint& row, TimePoint now) {
  std::optional<TimePoint> next;
  for (const EndpointSecret& secret : row.secrets) {
    if (!secret.expires_at || *secret.expires_at <= now) continue;
    if (!next || *secret.expires_at < *next) next = secret.expires_at;
  }
  return next;
}

// A file may hold headers that were stored before they were reserved.
std::vector<OwnedHeader> sendable_headers(const Endpoint& row) {
  std::vector<OwnedHeader> headers;
  std::copy_if(row.headers.begin(), row.headers.end(), std::back_inserter(headers),
               [&](const OwnedHeader& header) {
                 return is_header_name(header.name) && is_header_value(header.value) &&
                        !is_reserved_header(header.name, row.schemes);
               });
  return headers;
}

}  // namespace

std::shared_ptr<const PreparedEndpoint> prepare_endpoint(Endpoint row, TimePoint now,
                                                         const EndpointHealth& health) {
  auto prepared = std::make_shared<PreparedEndpoint>();
  for (const std::string& name : row.schemes) {
    const auto scheme = scheme_of(name);
    if (!scheme.ok()) {
      prepared->cannot_sign = scheme.error().detail;
      continue;
    }
    auto keys = keys_of(**scheme, row, now);
    if (keys.empty()) {
      prepared->cannot_sign = "no active secret is a key of the scheme " + (*scheme)->name;
      continue;
    }
    prepared->signing.push_back({*scheme, std::move(keys)});
  }
  if (row.schemes.empty()) prepared->cannot_sign = "the endpoint has no scheme";
  prepared->own_headers = sendable_headers(row);
  prepared->good_until = next_expiry(row, now);
  prepared->row = std::move(row);
  prepared->health = health;
  return prepared;
}

Result<void> EndpointCache::refresh() {
  const auto version = store_.endpoints_version();
  if (!version.ok()) return version.error();
  if (version_ != *version) endpoints_.clear();
  version_ = *version;
  return {};
}

Result<std::shared_ptr<const PreparedEndpoint>> EndpointCache::get(const std::string& id,
                                                                   TimePoint now) {
  const auto known = endpoints_.find(id);
  if (known != endpoints_.end()) {
    const auto& prepared = known->second;
    if (!prepared || !prepared->good_until || *prepared->good_until > now) return prepared;
  }
  auto row = store_.get_endpoint(id);
  if (!row.ok()) return row.error();
  const auto health = store_.get_endpoint_health(id);
  if (!health.ok()) return health.error();
  auto prepared =
      *row ? prepare_endpoint(std::move(**row), now, health->value_or(EndpointHealth{})) : nullptr;
  endpoints_[id] = prepared;
  return prepared;
}

}  // namespace webhookcore
