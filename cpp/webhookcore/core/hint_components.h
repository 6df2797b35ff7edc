// What a signature of RFC 9421 says that it covers, for hints.
#pragma once

#include <string>
#include <vector>

#include "webhookcore/core/verifier.h"

namespace webhookcore {

// Names as the request's Signature-Input writes them, of all its signatures; empty where
// that is no list.
std::vector<std::string> covered_components(const SignedRequest& request);

// The first header among them that the request does not carry; empty when it has all.
std::string absent_component(const SignedRequest& request);

// One of them is a part of the URL.
bool covers_url(const SignedRequest& request);

}  // namespace webhookcore
