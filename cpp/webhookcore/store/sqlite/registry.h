// The open database files of this process: one Database for each file, whatever
// paths lead to it.
#pragma once

#include <memory>

#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/database.h"
#include "webhookcore/store/sqlite/sqlite_store.h"

namespace webhookcore::sqlite {

// Each success is one holder, ended by release_database().
Result<std::shared_ptr<Database>> acquire_database(const SqliteOptions& options, Random& random);

// The last holder's call closes the file. The Database object stays valid and
// answers ErrorCode::closed.
void release_database(const std::shared_ptr<Database>& database);

}  // namespace webhookcore::sqlite
