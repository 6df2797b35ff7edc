// Whose file this is, and what schema it has.
#pragma once

#include <string>

#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

// The newest schema that this program knows, which is the number of migrations.
int schema_version();

// Decides by the first bytes of the file, without SQLite, so that somebody else's
// database is refused before anything is created beside it. Only while this process
// does not have the file open: closing its descriptor drops SQLite's locks.
// store_unavailable, store_corrupt, schema_too_new.
Result<void> check_file(const std::string& path);

// Under the gate. Initialises an empty file, and runs the migrations that are missing,
// each in its own transaction: forward only, nothing is ever repaired.
Result<void> migrate(Connection& connection, const std::string& path);

}  // namespace webhookcore::sqlite
