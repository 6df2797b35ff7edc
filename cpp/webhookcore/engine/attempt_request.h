// The HTTP request of one attempt, signed afresh.
#pragma once

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/engine/endpoint_cache.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

// Content-Type, the headers of every scheme of the endpoint, and its static headers
// as far as they are neither reserved nor malformed. `now` is what the schemes sign.
// ErrorCode::config when the endpoint cannot sign: then nothing may be sent.
Result<HttpAttempt> make_attempt_request(const PreparedEndpoint& endpoint, const Message& message,
                                         TimePoint now);

}  // namespace webhookcore
