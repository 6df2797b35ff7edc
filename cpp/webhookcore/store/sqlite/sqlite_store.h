// Opens a store in a SQLite file.
#pragma once

#include <memory>
#include <string>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/base/key_ring.h"
#include "webhookcore/base/random.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

enum class Durability : std::uint8_t {
  full,    // Each commit survives power loss (synchronous=FULL).
  normal,  // The last commits may be lost on power loss, never the file's soundness.
};

struct SqliteOptions {
  std::string path;
  Durability durability = Durability::full;
  Duration busy_timeout{std::chrono::seconds{5}};
  bool create = true;  // False: store_unavailable when the file does not exist.
  KeyRing keys = {};   // Seal secrets at rest; none: they are plain in the file.
};

// Creates the file (mode 0600) and brings its schema up to date. In one process
// all callers of one file (device and inode) get the same underlying store,
// because closing any descriptor of the file would drop its fcntl locks
// (architecture rule 8); the first caller's options stand, and asking for a
// stronger durability later raises it.
//
// ErrorCode::store_unavailable, store_corrupt (damaged, or some other program's
// database), wrong_store_key, schema_too_new. Nothing is ever deleted or repaired.
//
// After a fork the child may use the object: every connection was closed before it,
// the child opens the file anew at its first call and has none of the parent's
// claims. `random` outlives the store.
Result<std::shared_ptr<Store>> open_sqlite_store(const SqliteOptions& options, Random& random);

// The copy of SQLite that stores are written with. Another copy in the same process
// must never open the same file (architecture rule 7).
struct SqliteLibrary {
  std::string version;
  std::string path;  // Of the shared object that holds its code.
};
SqliteLibrary sqlite_library();

}  // namespace webhookcore
