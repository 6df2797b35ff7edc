// Dates as HTTP writes them (RFC 9110, section 5.6.7).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/base/clock.h"

namespace webhookcore {

// Any of the three forms. `now` decides the century of the one with two digits. The
// name of the day says nothing that the date does not, and is not checked.
std::optional<TimePoint> parse_http_date(std::string_view text, TimePoint now);

// "Thu, 07 Sep 2017 06:30:04 GMT", and what Scalr writes and signs in its place:
// "Thu 07 Sep 2017 06:30:04 UTC".
std::optional<TimePoint> parse_signed_date(std::string_view text);

std::string format_http_date(TimePoint at);  // The first of them.

}  // namespace webhookcore
