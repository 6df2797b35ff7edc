// Which columns are sealed at rest and what each is bound to: the row it belongs to.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "webhookcore/base/error.h"
#include "webhookcore/base/key_ring.h"
#include "webhookcore/base/random.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

inline constexpr std::string_view kSecretsColumn = "endpoints.secrets";
inline constexpr std::string_view kHeadersColumn = "endpoints.headers";

// Immutable and safe to share between threads.
class Sealer {
 public:
  Sealer(KeyRing keys, Random& random) : keys_(std::move(keys)), random_(random) {}

  bool seals() const { return !keys_.empty(); }
  std::string sealing_id() const { return keys_.sealing_id(); }

  // An empty text stays empty: it is no secret.
  std::string seal(std::string_view row, std::string_view column, std::string_view text) const;
  // See KeyRing::open(); wipe it after use.
  Result<std::string> open(std::string_view row, std::string_view column,
                           std::string_view stored) const;
  bool should_reseal(std::string_view stored) const { return keys_.should_reseal(stored); }

  // wrong_store_key unless every key that the file was sealed with is in the ring.
  Result<void> check(Connection& connection) const;
  // Notes the key that seals from now on, in the transaction of whoever seals.
  Result<void> note_key(Connection& connection) const;

 private:
  KeyRing keys_;
  Random& random_;
};

}  // namespace webhookcore::sqlite
