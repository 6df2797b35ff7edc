// SQLite as somebody else's program uses it: for looking at files and for getting in
// the way. Never on a file that a store of this process has open (it would drop the
// store's locks); in a child or after close().
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "catch.h"

namespace webhookcore {

class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) { sqlite3_open(path.c_str(), &handle_); }
  ~RawDatabase() { sqlite3_close(handle_); }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  sqlite3* handle() const { return handle_; }

  bool run(const std::string& sql) const {
    return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  }

  // The first column of the first row; "" when there is none.
  std::string text(const std::string& sql) const {
    std::string found;
    sqlite3_exec(
        handle_, sql.c_str(),
        [](void* out, int, char** values, char**) {
          *static_cast<std::string*>(out) = values[0] == nullptr ? "" : values[0];
          return 1;
        },
        &found, nullptr);
    return found;
  }
  std::int64_t number(const std::string& sql) const { return std::stoll("0" + text(sql)); }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace webhookcore
