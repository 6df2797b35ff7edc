// Which key a request says that it was signed with, for the schemes whose keys are
// fetched: a certificate's URL, a key's id. Nothing is fetched here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "webhookcore/core/scheme.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

// Where the key comes from.
enum class KeySource : std::uint8_t {
  configured,  // The user has it: nothing is fetched.
  url,         // A URL of the provider's, from the request or from the scheme's "keys_url".
  id,          // What the request calls the key by; only the user knows whom to ask for it.
};

std::string_view to_string(KeySource source);

// Never `url` or `id` for a scheme that has an algorithm with a shared secret: what is
// public must not become one.
KeySource key_source(const Scheme& scheme);

struct KeyReference {
  std::string url = {};  // https, of a host that the scheme's provider owns.
  std::string id = {};   // A JWS's `kid`, an RFC 9421 `keyid`: visible ASCII.
};

// untrusted_key for a URL of any other host, with a port, user, or fragment, and for a
// request that names no key. Every other fault that shows without a key is found
// first, so that a request that cannot be right makes nobody fetch anything: its age
// by the verifier's tolerance, and whether its body is the one that was signed, too.
std::variant<KeyReference, Refusal> find_key_reference(const Verifier& verifier,
                                                       const SignedRequest& request, TimePoint now);

}  // namespace webhookcore
