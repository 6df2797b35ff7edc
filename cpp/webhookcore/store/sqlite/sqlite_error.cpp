#include "webhookcore/store/sqlite/sqlite_error.h"

#include <sqlite3.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace webhookcore::sqlite {

namespace {

// EFBIG is the answer to a file above RLIMIT_FSIZE: a quota like the others.
bool is_out_of_space(int system_errno) {
  return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

ErrorCode classify_io(int code, int system_errno) {
  if (is_out_of_space(system_errno)) return ErrorCode::store_full;
  const bool content_is_wrong = code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_DATA ||
                                code == SQLITE_IOERR_CORRUPTFS;
  return content_is_wrong ? ErrorCode::store_corrupt : ErrorCode::store_unavailable;
}

ErrorCode classify(int code, int system_errno) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::store_busy;
    case SQLITE_FULL:
      return ErrorCode::store_full;
    case SQLITE_IOERR:
      return classify_io(code, system_errno);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    // Our statements are fixed and fit the schema: when one does not compile or a
    // value does not suit its column, the schema in the file is not the one we wrote.
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
      return ErrorCode::store_corrupt;
    case SQLITE_CONSTRAINT:
      return ErrorCode::conflict;
    case SQLITE_TOOBIG:
      return ErrorCode::config;
    default:
      return is_out_of_space(system_errno) ? ErrorCode::store_full : ErrorCode::store_unavailable;
  }
}

}  // namespace

Error make_error(int code, int system_errno, std::string_view message) {
  return {classify(code, system_errno), "SQLite: " + std::string(message) + " (" +
                                            std::to_string(code) + ", errno " +
                                            std::to_string(system_errno) + ")"};
}

// Not strerror(): POSIX does not promise that threads may call it at once.
std::string system_text(int system_errno) { return std::generic_category().message(system_errno); }

Error damaged(std::string_view what) {
  return {ErrorCode::store_corrupt, "the stored " + std::string(what) + " is not one of ours"};
}

}  // namespace webhookcore::sqlite
