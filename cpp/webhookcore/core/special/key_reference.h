// Which key a request says that it was signed with, for the schemes whose keys are
// fetched: a certificate's URL, a key's id. Nothing is fetched here.
#pragma once

#include <string>
#include <variant>

#include "webhookcore/core/scheme.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

struct KeyReference {
  std::string url = {};  // https, of a host that the scheme's provider owns.
  std::string id = {};   // A JWS's `kid`, an RFC 9421 `keyid`.
};

// untrusted_key for a URL of any other host, with a port, user, or fragment, and for a
// request that names no key. Every other fault that shows without a key is found
// first, so that a request that cannot be right makes nobody fetch anything: its age
// by the scheme's tolerance, and whether its body is the one that was signed, too.
std::variant<KeyReference, Refusal> find_key_reference(const Scheme& scheme,
                                                       const SignedRequest& request, TimePoint now);

}  // namespace webhookcore
