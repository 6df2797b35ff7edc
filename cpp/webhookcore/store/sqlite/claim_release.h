// What a process leaves behind in order when it closes its store.
#pragma once

#include <cstdint>

#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

// Puts the owner's claims back without counting them. Claims of idempotency keys need
// nothing: they are free as soon as the owner's lock is.
Result<void> release_claims(Connection& connection, std::int64_t owner);

}  // namespace webhookcore::sqlite
