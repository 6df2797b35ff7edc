// One attempt outside of every delivery, to see what an endpoint says: nothing is
// claimed and nothing is stored.
#pragma once

#include <functional>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/engine/engine.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

// Signed, guarded and sent as a delivery's, with the trigger "test", whatever the
// endpoint's state. Blocks for its timeout at most. What goes wrong is in the attempt;
// an error only when there is no transport. `should_end` is asked a few times a second; true
// gives the attempt up.
Result<Attempt> attempt_once(const TransportFactory& make_transport, Endpoint endpoint,
                             Message message, const Clock& clock,
                             const std::function<bool()>& should_end = {});

}  // namespace webhookcore
