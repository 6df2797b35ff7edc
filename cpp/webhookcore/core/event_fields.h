// Looks into a JSON body without re-writing it (architecture rule 12).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webhookcore {

using EventFields = std::vector<std::optional<std::string>>;

// For each dotted path ("id", "data.event.type") the value as text: strings
// as they are, numbers of any length as they are written, booleans as JSON
// writes them. nullopt where the path leads nowhere or to an object, an array
// or null, and for every path when the body is not a JSON object in valid
// UTF-8. Safe for any bytes, any depth. A key that contains a dot cannot be
// named; of a repeated key the last value counts.
//
// The whole body must be readable: nested deeper than 1,024 levels it gives
// nullopt for every path. So do a byte order mark and 4 GiB.
EventFields find_event_fields(std::string_view body, std::span<const std::string_view> paths);

// Of the object's own members, for those that have to be texts: nullopt where one is
// anything but a string or null (null counts as absent), and for no JSON object.
std::optional<EventFields> find_text_fields(std::string_view body,
                                            std::span<const std::string_view> names);

// The name of the object's first member that has another name than `beside`.
std::optional<std::string> first_other_member(std::string_view body, std::string_view beside);

bool is_json_object(std::string_view body);

// Whether the path leads anywhere: to null, an object or an array, too.
bool has_event_field(std::string_view body, std::string_view path);

// The same as find_event_fields() for each object in the array that a path leads to,
// in its order, and no more of them than `limit`. What is no object has no fields; an item
// in which a path leads to something without a text (a float, a list) is wholly empty.
// nullopt where there is no such array.
std::optional<std::vector<EventFields>> find_in_items(std::string_view body,
                                                      std::string_view array_path,
                                                      std::span<const std::string_view> item_paths,
                                                      std::size_t limit);

}  // namespace webhookcore
