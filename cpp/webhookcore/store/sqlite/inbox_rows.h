// The rows of inbox.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webhookcore/base/error.h"
#include "webhookcore/store/inbox_store.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

// In the order of read_event().
inline constexpr const char* kInboxColumns =
    "key, source, provider, event_id, type, body, headers, signed_at, matched_secret, state,"
    " attempts, crashes, next_attempt_at, last_error, handler_result, received_at, updated_at,"
    " event_key, rank";

Result<InboxEvent> read_event(const Query& query);

// As pending and due at `now`; returns the new row's key.
Result<std::int64_t> insert_event(Connection& connection, const NewEvent& accepted, TimePoint now);

// dead → pending with a fresh budget; false when the row is not dead (any more).
Result<bool> revive_event(Connection& connection, std::int64_t key, TimePoint now);

// Why an event that is there, or not, was not changed.
Result<void> refuse_event(Connection& connection, std::int64_t key, const std::string& wanted);

Result<std::size_t> read_backlog(Connection& connection, std::size_t most,
                                 const std::optional<std::string>& source);

// For the test that a count walks nothing but the indexes.
extern const char* const kBacklogSql;
extern const char* const kBacklogOfSourceSql;

}  // namespace webhookcore::sqlite
