// The numbers of a JSON text as they are written there, of any size. A parser makes 64
// bits of each, and refuses a text in which one does not fit.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webhookcore {

struct NumberedJson {
  std::string json;                       // Each number replaced by its place in `numbers`.
  std::vector<std::string_view> numbers;  // Views into the original.
};

// nullopt where a number is not of JSON's form. Nothing else is checked: what is no JSON
// comes out as no JSON.
std::optional<NumberedJson> take_out_numbers(std::string_view json);

}  // namespace webhookcore
