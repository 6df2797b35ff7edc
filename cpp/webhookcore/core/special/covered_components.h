// Which components of a message have to be under its signature, by a scheme's setting
// "required": names with spaces between them, '|' between names of which one will do,
// and ";created" for a parameter of the signature itself.
#pragma once

#include <string_view>
#include <vector>

#include "webhookcore/core/special/structured_fields.h"

namespace webhookcore::special {

bool covers_all(const FieldMember& signature_input, std::string_view required);
bool covers(const FieldMember& signature_input, std::string_view name);

// What a sender signs to meet the setting: of every choice the first.
std::vector<std::string_view> components_to_sign(std::string_view required);

}  // namespace webhookcore::special
