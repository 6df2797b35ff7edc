// Identifiers: a short prefix and a ULID (48 bits of Unix milliseconds, 80 bits
// of randomness, Crockford base32), so that ids sort by the time they were made.
#pragma once

#include <string>
#include <string_view>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/random.h"

namespace webhookcore {

// `prefix` as it is given, underscore and all, and 26 characters: "msg_01ARZ3…".
std::string make_id(std::string_view prefix, TimePoint now, Random& random);

}  // namespace webhookcore
