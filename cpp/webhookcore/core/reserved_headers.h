// Which request headers an endpoint's own static headers may not set.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace webhookcore {

// Host, Content-Length, hop-by-hop ones, and those that describe the body: never the user's to set.
bool is_framing_header(std::string_view name);

// Always those that frame or route the request (Host, Content-Length, hop-by-hop ones),
// those that describe the body, and `webhook-` and `svix-`. Those of another signature
// scheme only when it is one of `schemes`, the endpoint's own (names, or texts as in
// scheme_text.h); what is no scheme reserves nothing. The same rule when an endpoint is configured
// and when its requests are built.
bool is_reserved_header(std::string_view name, std::span<const std::string> schemes);

}  // namespace webhookcore
