// What others call our algorithms.
#pragma once

#include <optional>
#include <string_view>

#include "webhookcore/core/scheme.h"

namespace webhookcore::special {

// In the header of a JSON Web Signature: RFC 7518, section 3.1, and RFC 8037. Empty
// where there is no such name.
std::string_view jose_name(Algorithm algorithm);

// In the `alg` of an HTTP message signature: RFC 9421, section 6.2.2.
std::string_view rfc9421_name(Algorithm algorithm);
std::optional<Algorithm> algorithm_named(std::string_view rfc9421_name);

}  // namespace webhookcore::special
