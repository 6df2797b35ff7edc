#include "webhookcore/core/hint_components.h"

#include <algorithm>
#include <variant>

#include "webhookcore/core/headers.h"
#include "webhookcore/core/special/message_components.h"
#include "webhookcore/core/special/structured_fields.h"

namespace webhookcore {

std::vector<std::string> covered_components(const SignedRequest& request) {
  std::vector<std::string> names;
  const auto input = special::combined_header(request.headers, "Signature-Input");
  const auto* text = std::get_if<std::string>(&input);
  const auto members = text == nullptr ? std::nullopt : special::parse_dictionary(*text);
  if (!members) return names;
  for (const special::FieldMember& member : *members) {
    for (const special::FieldItem& item : member.items) names.push_back(item.value.text);
  }
  return names;
}

std::string absent_component(const SignedRequest& request) {
  for (const std::string& name : covered_components(request)) {
    if (is_header_name(name) && find_header(request.headers, name).count == 0) return name;
  }
  return {};
}

bool covers_url(const SignedRequest& request) {
  const auto names = covered_components(request);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.starts_with('@') && name != "@method" && name != "@status";
  });
}

}  // namespace webhookcore
