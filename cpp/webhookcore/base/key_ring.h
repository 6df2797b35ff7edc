// The keys that secrets are sealed with at rest. Several, so that one can be replaced:
// the first seals, all of them open.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhookcore/base/crypto_seal.h"
#include "webhookcore/base/error.h"
#include "webhookcore/base/random.h"

namespace webhookcore {

// Immutable and safe to share between threads. A ring without a key leaves texts plain.
class KeyRing {
 public:
  KeyRing() = default;

  // "id:key,id:key", or a lone key for each item, whose id is then made of its hash. A key
  // is 32 bytes in base64, an id 1 to 32 of A-Z a-z 0-9 _ . -. Errors show no byte of a key.
  static Result<KeyRing> parse(std::string_view text);

  bool empty() const { return keys_.empty(); }
  // Of the key that seals; empty without one.
  std::string sealing_id() const { return keys_.empty() ? std::string() : keys_.front().first; }

  // The text as it is to be stored: sealed with the first key, together with its id, or
  // plain without one. `bound_to` says where it is stored: elsewhere it does not open.
  std::string seal(std::string_view text, std::string_view bound_to, Random& random) const;

  // What seal() was given; plain text as it is. wrong_store_key when no key of the ring has
  // its id; store_corrupt when it does not open: damaged, moved, or sealed with another key
  // of that id. Wipe it after use.
  Result<std::string> open(std::string_view stored, std::string_view bound_to) const;

  // Whether seal() would store it otherwise: plain, or under an older key.
  bool should_reseal(std::string_view stored) const;

 private:
  const SealKey* find(std::string_view id) const;

  std::vector<std::pair<std::string, SealKey>> keys_;
};

// The id of the key that a stored text is sealed with; empty when it is plain.
std::string seal_id_of(std::string_view stored);

}  // namespace webhookcore
