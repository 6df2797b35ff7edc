// What schemes need to sign the requests of an endpoint, alone and beside each other.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "webhookcore/base/error.h"
#include "webhookcore/core/scheme.h"

namespace webhookcore {

// One that the signer puts on a request; of several spellings the first.
bool writes_header(const Scheme& scheme, std::string_view name);

// Names, or texts as in scheme_text.h; `own_headers` are the names of the endpoint's own.
// ErrorCode::config with `schemes[i]` in `field`, for one that puts its signature into the
// body, wants a setting, or signs a header that no request of the endpoint has, and for one
// that wants a header to itself that an earlier one writes.
Result<void> check_sending_schemes(std::span<const std::string> schemes,
                                   std::span<const std::string> own_headers);

// The value of a signature header that two schemes write, where both signatures have room in
// it: `second` writes lists. Which two have is check_sending_schemes()'s to say.
std::optional<std::string> join_signatures(const Scheme& second, std::string_view header,
                                           std::string_view first_value,
                                           std::string_view second_value);

}  // namespace webhookcore
