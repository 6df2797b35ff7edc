// The HTTP request of one attempt, signed afresh.
#pragma once

#include <string>
#include <variant>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/outcome.h"
#include "webhookcore/engine/endpoint_cache.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

// Nothing may be sent: `not_signed` while the endpoint is as it is, `invalid_request`
// for a message that will never be another. `why` holds no secret and no body.
struct Unsendable {
  TransportError error;
  std::string why;
};

// Content-Type, the headers of every scheme of the endpoint, and its static headers.
// `now` is what the schemes sign.
std::variant<HttpAttempt, Unsendable> make_attempt_request(const PreparedEndpoint& endpoint,
                                                           const Message& message, TimePoint now);

}  // namespace webhookcore
