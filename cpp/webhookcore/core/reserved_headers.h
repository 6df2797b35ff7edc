// Which request headers an endpoint's own static headers may not set.
#pragma once

#include <string_view>

namespace webhookcore {

// Those that frame or route the request (Host, Content-Length, hop-by-hop ones),
// those that describe the body, and those of the built-in signature schemes. The
// same rule when an endpoint is configured and when a request is built.
bool is_reserved_header(std::string_view name);

}  // namespace webhookcore
