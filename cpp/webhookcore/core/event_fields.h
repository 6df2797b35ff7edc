// Looks into a JSON body without re-writing it (architecture rule 12).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webhookcore {

// For each dotted path ("id", "data.event.type") the value as text: strings
// as they are, numbers of any length as they are written, booleans as JSON
// writes them. nullopt where the path leads nowhere or to an object, an array
// or null, and for every path when the body is not a JSON object in valid
// UTF-8. Safe for any bytes, any depth. A key that contains a dot cannot be
// named; of a repeated key the last value counts.
//
// The whole body must be readable: nested deeper than 1,024 levels it gives
// nullopt for every path. So do a byte order mark and 4 GiB.
std::vector<std::optional<std::string>> find_event_fields(std::string_view body,
                                                          std::span<const std::string_view> paths);

}  // namespace webhookcore
