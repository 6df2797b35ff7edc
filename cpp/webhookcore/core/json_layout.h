// The white space between the tokens of a JSON text. Signatures cover it, and
// frameworks that parse and write a body again change it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace webhookcore {

enum class JsonLayout : std::uint8_t {
  compact,     // {"a":1,"b":[2]}
  spaced,      // {"a": 1, "b": [2]}, as Python's json.dumps writes
  indented_2,  // A line for each member, two spaces deeper, as Stripe sends
};

// The same tokens in another layout; nothing else is changed or checked, so what
// is no JSON comes out as some other text.
std::string lay_out_json(std::string_view json, JsonLayout layout);

}  // namespace webhookcore
