// Lists of byte strings in one text, as netstrings: "7:order.*,3:a.b,". They hold any
// byte, can be read in a shell, and a reader that is strict can tell damage.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webhookcore {

void append_netstring(std::string& out, std::string_view item);
std::string encode_list(const std::vector<std::string>& items);
// nullopt for anything that encode_list does not write.
std::optional<std::vector<std::string>> decode_list(std::string_view text);

}  // namespace webhookcore
