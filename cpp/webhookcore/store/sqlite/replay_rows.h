// A replay job as a row and back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/core/replay_line.h"
#include "webhookcore/store/replay_store.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

struct ReplayRow {
  ReplayJob job = {};
  bool letters_done = false;  // On to what was missed.
  std::int64_t place = 0;     // The key that was looked at last, of deliveries or messages.
  ReplayLine line = {};
  std::optional<std::int64_t> owner = {};
  TimePoint lease_expires_at{};
};

// In the order of read_replays().
inline constexpr const char* kReplayColumns =
    "key, state, tenant_given, tenant, endpoint, type, error, since, until, most, missed_since,"
    " per_second, letters_done, place, line_from, line_length, matched, replayed, missed, owner,"
    " lease_expires_at, created_at, updated_at";

Result<std::vector<ReplayRow>> read_replays(Query query);
Result<std::optional<ReplayRow>> find_replay(Connection& connection, std::int64_t key);
// Returns its key.
Result<std::int64_t> insert_replay(Connection& connection, const ReplayRow& row);
// All that changes while it is worked.
Result<void> update_replay(Connection& connection, const ReplayRow& row);

}  // namespace webhookcore::sqlite
