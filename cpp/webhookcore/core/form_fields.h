// Bodies and queries of application/x-www-form-urlencoded, taken apart into the texts
// that some providers sign.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace webhookcore {

using FormField = std::pair<std::string, std::string>;  // Name and value, decoded.

// As the URL standard reads them (WHATWG URL, section 5.1): a '%' that no two
// hexadecimal digits follow stands for itself. In their order, repeats kept.
std::vector<FormField> parse_form(std::string_view text);

// "Text/HTML ; charset=x" is of the type "text/html".
bool has_media_type(std::string_view content_type, std::string_view lower_case_type);
bool is_form(std::string_view content_type);

}  // namespace webhookcore
