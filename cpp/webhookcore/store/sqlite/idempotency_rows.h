// The rows of idempotency_keys, for claims by handlers and by the inbox alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webhookcore/store/idempotency_store.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/database.h"

namespace webhookcore::sqlite {

struct KeyRow {
  KeyCode state = KeyCode::claimed;
  std::int64_t owner = 0;
  std::string token;
  TimePoint lease_expires_at{};
  TimePoint expires_at{};
  std::string kept_result;
  std::optional<std::int64_t> inbox_event;
};

Result<std::optional<KeyRow>> find_key(Connection& connection, const ClaimKey& key);

enum class KeyUse : std::uint8_t {
  free,  // To be taken: new, too old, or its holder is gone.
  running,
  completed,
};
KeyUse judge_key(const Database& database, const std::optional<KeyRow>& row, TimePoint now);

// What a claim finds, or nullopt when the key is free.
Result<std::optional<ClaimResult>> judge_claim(const Database& database, Connection& connection,
                                               const ClaimKey& key, TimePoint now);

// Over whatever the row was. Inside a write transaction, after judging.
Result<void> take_key(const Database& database, Connection& connection, const ClaimKey& key,
                      const LeaseToken& token, TimePoint lease_expires_at);

}  // namespace webhookcore::sqlite
