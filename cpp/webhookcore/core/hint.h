// Says why a verification failed, for the operator's eyes. Computed only when
// somebody asks, never sent to the other side, and never shows a key or an
// expected signature.
#pragma once

#include <string>

#include "webhookcore/core/verifier.h"

namespace webhookcore {

// One or two sentences; empty when there is nothing more to say than the reason.
std::string explain(const Verifier& verifier, const SignedRequest& request, const Refusal& refusal,
                    TimePoint now);

}  // namespace webhookcore
