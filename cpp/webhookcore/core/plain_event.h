// The short way of a request that is an ordinary event: verified, identified and ready to be
// stored, in one step. Pure. Whatever is not ordinary, and whatever is refused, is left to the
// receiver's long way, which alone knows the order of its checks and what to answer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "webhookcore/core/event_identity.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

struct PlainEventRules {
  IdentityRules identity;
  bool needs_id = false;                               // Without one it is no event.
  std::optional<std::vector<std::string>> types = {};  // Patterns; absent: all are taken.
  std::string secret_header = {};                      // In lower case: not kept.
  std::size_t max_body = 0;
};

struct PlainEvent {
  EventIdentity identity;
  Accepted accepted;
  std::vector<OwnedHeader> headers;  // Those that others may see later: no credentials.
  bool has_correlation_id = false;   // Whether the request came with one.
};

// Whether such requests can be looked at without their URL.
bool can_be_plain(const Scheme& scheme);

// nullopt: it is refused, or not that plain. Nothing was changed by looking.
std::optional<PlainEvent> read_plain_event(const PlainEventRules& rules, const Verifier& verifier,
                                           const SignedRequest& request, TimePoint now);

}  // namespace webhookcore
