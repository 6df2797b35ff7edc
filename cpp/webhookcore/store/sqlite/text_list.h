// Lists of byte strings in one column, as netstrings: "7:order.*,3:a.b,". They hold
// any byte, can be read in a shell, and a reader that is strict can tell damage.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/core/headers.h"

namespace webhookcore::sqlite {

std::string encode_list(const std::vector<std::string>& items);
// nullopt for anything that encode_list does not write.
std::optional<std::vector<std::string>> decode_list(std::string_view text);

// Name, value, name, value.
std::string encode_headers(const std::vector<OwnedHeader>& headers);
std::optional<std::vector<OwnedHeader>> decode_headers(std::string_view text);

}  // namespace webhookcore::sqlite
