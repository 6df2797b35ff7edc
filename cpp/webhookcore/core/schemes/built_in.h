// The built-in rows, one function for each family. A new provider is a row in
// one of these files, or a new file and a line here and in scheme.cpp.
#pragma once

#include <vector>

#include "webhookcore/core/scheme.h"

namespace webhookcore::schemes {

std::vector<Scheme> standard_webhooks();  // standard, svix
std::vector<Scheme> stripe_like();        // stripe, generic-t-v1, generic-t-s
std::vector<Scheme> timestamp_header();   // slack, generic, generic-body
std::vector<Scheme> body_mac();           // github, github-sha1, shopify
std::vector<Scheme> twilio();

}  // namespace webhookcore::schemes
