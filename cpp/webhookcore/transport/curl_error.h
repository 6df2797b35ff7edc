// libcurl's result codes in our words.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "webhookcore/core/outcome.h"

namespace webhookcore {

// For a transfer that brought no final response head; one that did is
// TransportError::none whatever its code. `request_sent`: any byte of it. `told` is what
// libcurl wrote into the error buffer.
TransportError classify(CURLcode code, bool request_sent, std::string_view told);

// What `code` says to a user. `response_began`: any byte of an answer had come.
std::string_view text_of(CURLcode code, bool response_began);

// Fit for a log line: at most 200 bytes of printable ASCII.
std::string error_text(std::string_view text);

}  // namespace webhookcore
