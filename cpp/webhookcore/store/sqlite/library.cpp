#include <dlfcn.h>
#include <sqlite3.h>

#include "webhookcore/store/sqlite/sqlite_store.h"

namespace webhookcore {

SqliteLibrary sqlite_library() {
  SqliteLibrary library{.version = sqlite3_libversion(), .path = ""};
  Dl_info place{};
  if (dladdr(reinterpret_cast<const void*>(&sqlite3_libversion), &place) != 0 &&
      place.dli_fname != nullptr) {
    library.path = place.dli_fname;
  }
  return library;
}

}  // namespace webhookcore
