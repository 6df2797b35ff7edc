// The text in which a scheme's row writes what is signed: "{timestamp}.{body}". It is
// read once, into segments; no request ever meets a template.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/core/scheme.h"

namespace webhookcore {

// Parts in braces: {body} {id} {timestamp} {url} {decoded_url} {method} {body_sha256}
// {body_crc32} {header:NAME} {setting:NAME}; anything else is signed as it stands. "{{"
// and "}}" are braces. ErrorCode::config for a part that does not exist.
Result<std::vector<Segment>> parse_content_template(std::string_view text);

// The text that the segments are read from.
std::string to_content_template(const std::vector<Segment>& segments);

}  // namespace webhookcore
