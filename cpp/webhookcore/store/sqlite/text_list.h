// Lists in one column, as netstrings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/netstring.h"
#include "webhookcore/core/headers.h"

namespace webhookcore::sqlite {

// Name, value, name, value.
std::string encode_headers(const std::vector<OwnedHeader>& headers);
std::optional<std::vector<OwnedHeader>> decode_headers(std::string_view text);

}  // namespace webhookcore::sqlite
