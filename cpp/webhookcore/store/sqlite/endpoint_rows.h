// An Endpoint as a row and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/connection.h"
#include "webhookcore/store/sqlite/seal.h"

namespace webhookcore::sqlite {

// In the order of read_endpoint().
inline constexpr const char* kEndpointColumns =
    "id, tenant, uid, url, description, events, schemes, secrets, headers, retry_schedule,"
    " retry_jitter, max_attempts, timeout_ms, rate_limit, fifo, breaker_failures,"
    " breaker_open_for_ms, state, disabled_reason, created_at, updated_at, channels,"
    " client_errors";

// From a row whose first columns are kEndpointColumns.
Result<Endpoint> read_endpoint(const Query& query, const Sealer& sealer);
// What needs no key: without secrets and headers, and marked as unreadable.
Result<Endpoint> read_unsealed_part(const Query& query);

Result<void> insert_endpoint(Connection& connection, const Sealer& sealer,
                             const Endpoint& endpoint);
// Everything but id and created_at; `updated_at` stands in place of the endpoint's own.
Result<void> overwrite_endpoint(Connection& connection, const Sealer& sealer, std::int64_t key,
                                const Endpoint& endpoint, TimePoint updated_at);

struct EndpointPlace {
  std::int64_t key = 0;
  EndpointCode state = EndpointCode::enabled;
  TimePoint updated_at{};
  bool fifo = false;
};
// nullopt when there is none or it was deleted.
Result<std::optional<EndpointPlace>> find_endpoint(Connection& connection, std::string_view id);

}  // namespace webhookcore::sqlite
