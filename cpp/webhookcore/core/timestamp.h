// Timestamps as schemes write them. They are signed as text, exactly as they
// came; the parsed value only decides the age.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/scheme.h"

namespace webhookcore {

// nullopt for what the form does not allow: signs, fractions of Unix seconds,
// leading zeros, white space, an ISO 8601 time without `Z` or an offset.
// Fractions of an ISO 8601 second, up to nine digits, are cut to milliseconds.
std::optional<TimePoint> parse_timestamp(TimestampForm form, std::string_view text);

// What a sender writes: Unix time, also where ISO 8601 would be understood beside it.
// nullopt before 1970, or where parse_timestamp would refuse its length.
std::optional<std::string> format_timestamp(TimestampForm form, TimePoint at);

}  // namespace webhookcore
