// Puts a member into a JSON text and leaves every other byte of it as it is: a
// signature goes into a body that was already written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webhookcore::special {

// From a value's first byte to the one behind its last.
struct JsonSpan {
  std::size_t begin;
  std::size_t end;
};

// All of these want a text that a JSON parser has accepted (is_json_object); of any
// other they find nothing sensible, but read nothing outside of it either.
JsonSpan whole_value(std::string_view json);
// The last of the name, as every reader here takes a repeated one, however it is
// written. `name` is ASCII.
std::optional<JsonSpan> find_member(std::string_view json, JsonSpan object, std::string_view name);
std::vector<JsonSpan> find_items(std::string_view json, JsonSpan array);

// Replaces the member's value, or adds the member as the object's last. `value` is JSON.
void set_member(std::string& json, JsonSpan object, std::string_view name, std::string_view value);

// The text in quotes, with the escapes that it needs.
std::string quote_json(std::string_view text);

}  // namespace webhookcore::special
