// Endpoints with their keys parsed, so that an attempt costs no query and no key
// schedule. One thread (the writer's) owns the cache; what it hands out is immutable
// and may go to another.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/scheme.h"
#include "webhookcore/core/scheme_key.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

// A scheme that the endpoint signs with, and its keys: newest first, never empty.
struct SchemeKeys {
  std::shared_ptr<const Scheme> scheme;
  std::vector<SigningKey> keys;
};

struct PreparedEndpoint {
  Endpoint row;
  std::vector<SchemeKeys> signing;
  std::vector<OwnedHeader> own_headers;  // Those of the row that may be sent.
  std::string cannot_sign;               // Why; empty when it can. Holds no secret.
  std::optional<TimePoint> good_until;   // The next moment at which a secret expires.
  EndpointHealth health = {};            // As it was stored when the row was read.
};

// Only secrets that have not expired at `now` sign.
std::shared_ptr<const PreparedEndpoint> prepare_endpoint(Endpoint row, TimePoint now,
                                                         const EndpointHealth& health = {});

class EndpointCache {
 public:
  // `store` outlives the cache.
  explicit EndpointCache(Store& store) : store_(store) {}

  // Forgets everything when an endpoint has changed, in any process.
  Result<void> refresh();

  // nullptr when there is no such endpoint (any more).
  Result<std::shared_ptr<const PreparedEndpoint>> get(const std::string& id, TimePoint now);

 private:
  Store& store_;
  std::optional<std::int64_t> version_;
  std::unordered_map<std::string, std::shared_ptr<const PreparedEndpoint>> endpoints_;
};

}  // namespace webhookcore
