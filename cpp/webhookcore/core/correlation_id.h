// The id that ties together what is logged of one request, here and elsewhere. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "webhookcore/base/random.h"
#include "webhookcore/core/headers.h"

namespace webhookcore {

// What is made here travels with a stored event under a name that nobody else uses.
inline constexpr std::string_view kMadeCorrelationHeader = "Webhookcore-Request-Id";

// What the request came with: X-Request-Id, X-Correlation-Id, the trace of a traceparent (W3C
// Trace Context) or the header above, in this order; the first that is sane, which is harmless in
// a log line, a file's name and a shell. nullopt where there is none.
std::optional<std::string> find_correlation_id(std::span<const Header> headers);

// Unlike all others, and no secret: 32 hex digits.
std::string make_correlation_id(Random& random);

}  // namespace webhookcore
