// The text under an HTTP message signature (RFC 9421, section 2.5).
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "webhookcore/core/special/message_components.h"

namespace webhookcore::special {

// A line for each component of the list, then the list itself as it is written. Every
// component may be there once; the reasons are those of component_value().
std::variant<std::string, Reason> signature_base(const FieldMember& signature_input,
                                                 const MessageView& message);

}  // namespace webhookcore::special
