// The rows of inbox.
#pragma once

#include <cstdint>

#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

// In the order of read_event().
inline constexpr const char* kInboxColumns =
    "key, source, provider, event_id, type, body, headers, signed_at, matched_secret, state,"
    " attempts, crashes, next_attempt_at, last_error, handler_result, received_at, updated_at";

Result<InboxEvent> read_event(const Query& query);

// As pending and due at `now`; returns the new row's key.
Result<std::int64_t> insert_event(Connection& connection, const InboxEvent& event, TimePoint now);

// dead → pending with a fresh budget; false when the row is not dead (any more).
Result<bool> revive_event(Connection& connection, std::int64_t key, TimePoint now);

}  // namespace webhookcore::sqlite
