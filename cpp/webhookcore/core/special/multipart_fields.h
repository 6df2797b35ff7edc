// The text fields of a multipart/form-data body (RFC 7578).
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace webhookcore::special {

using MultipartField = std::pair<std::string_view, std::string_view>;  // Views into the body.

// In their order, repeats kept; files are left out. nullopt for a body that is not cut
// by the boundary that the content type names, whose last part does not end, or of
// more than 1,000 parts.
std::optional<std::vector<MultipartField>> parse_multipart(std::string_view content_type,
                                                           std::string_view body);

}  // namespace webhookcore::special
