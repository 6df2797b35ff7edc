#include "webhookcore/core/special/covered_components.h"

#include <algorithm>

namespace webhookcore::special {
namespace {

// Cuts the text before the separator off the front.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

bool covers_choice(const FieldMember& input, std::string_view choice) {
  while (!choice.empty()) {
    const std::string_view name = take_until(choice, '|');
    const bool covered = name.starts_with(';')
                             ? find_parameter(input.parameters, name.substr(1)) != nullptr
                             : covers(input, name);
    if (covered) return true;
  }
  return false;
}

}  // namespace

bool covers(const FieldMember& signature_input, std::string_view name) {
  return std::any_of(signature_input.items.begin(), signature_input.items.end(),
                     [name](const FieldItem& item) { return item.value.text == name; });
}

bool covers_all(const FieldMember& signature_input, std::string_view required) {
  while (!required.empty()) {
    const std::string_view choice = take_until(required, ' ');
    if (!choice.empty() && !covers_choice(signature_input, choice)) return false;
  }
  return true;
}

std::vector<std::string_view> components_to_sign(std::string_view required) {
  std::vector<std::string_view> names;
  while (!required.empty()) {
    std::string_view choice = take_until(required, ' ');
    const std::string_view name = take_until(choice, '|');
    if (!name.empty() && !name.starts_with(';')) names.push_back(name);
  }
  return names;
}

}  // namespace webhookcore::special
