// The values of a message's components, as RFC 9421 (section 2) puts them under a
// signature.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "webhookcore/core/headers.h"
#include "webhookcore/core/special/structured_fields.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore::special {

struct MessageView {
  std::string_view method;
  std::string_view url;     // As the sender wrote it. Empty: nothing is known of it.
  std::string_view status;  // Of a response; empty for a request.
  std::span<const Header> headers;
};

// The values of all headers of the name, without the white space around each, joined
// by ", ". The reason is missing_header, or malformed_header for a value that was
// never on the wire or holds a control character.
std::variant<std::string, Reason> combined_header(std::span<const Header> headers,
                                                  std::string_view name);

// Besides the reasons above: malformed_header for what is no component,
// unsupported_version for a parameter (`sf`, `key`, `bs`, `req`, `tr`) that changes a
// header's value, signature_mismatch where the URL or the status is not known, or the URL
// longer than 8 KiB.
std::variant<std::string, Reason> component_value(const FieldItem& component,
                                                  const MessageView& message);

}  // namespace webhookcore::special
