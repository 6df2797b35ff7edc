#include "webhookcore/core/special/signature_base.h"

#include <algorithm>

namespace webhookcore::special {
namespace {

// The order of a component's parameters would tell it apart for nobody, and there is
// only ever one (`name`).
bool is_same(const FieldItem& left, const FieldItem& right) {
  if (left.value.text != right.value.text) return false;
  if (left.parameters.empty() || right.parameters.empty()) {
    return left.parameters.empty() == right.parameters.empty();
  }
  return left.parameters.front().value.text == right.parameters.front().value.text;
}

bool has_repeats(const std::vector<FieldItem>& components) {
  for (auto component = components.begin(); component != components.end(); ++component) {
    const auto same = [&](const FieldItem& other) { return is_same(*component, other); };
    if (std::any_of(components.begin(), component, same)) return true;
  }
  return false;
}

}  // namespace

std::variant<std::string, Reason> signature_base(const FieldMember& signature_input,
                                                 const MessageView& message) {
  if (has_repeats(signature_input.items)) return Reason::malformed_header;
  std::string base;
  for (const FieldItem& component : signature_input.items) {
    const auto value = component_value(component, message);
    if (const auto* reason = std::get_if<Reason>(&value)) return *reason;
    base.append(component.written).append(": ").append(std::get<std::string>(value)).append("\n");
  }
  base.append(R"("@signature-params": )").append(signature_input.written);
  return base;
}

}  // namespace webhookcore::special
