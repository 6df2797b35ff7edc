// A SQLite store in a folder of its own, and child processes that use it.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "catch.h"
#include "store/sample_rows.h"
#include "store/temp_folder.h"
#include "webhookcore/store/sqlite/sqlite_store.h"

namespace webhookcore {

inline SystemRandom system_random;

inline std::shared_ptr<Store> open_store(const std::string& path,
                                         Duration busy_timeout = std::chrono::seconds{20}) {
  auto store = open_sqlite_store({.path = path, .busy_timeout = busy_timeout}, system_random);
  REQUIRE(store);
  return *store;
}

// For tests of many commits that no power loss is part of: hardly ever syncs.
inline std::shared_ptr<Store> open_quick_store(const std::string& path) {
  auto store = open_sqlite_store(
      {.path = path, .durability = Durability::normal, .busy_timeout = std::chrono::seconds{20}},
      system_random);
  REQUIRE(store);
  return *store;
}

inline std::optional<ErrorCode> open_error(const SqliteOptions& options) {
  auto store = open_sqlite_store(options, system_random);
  if (store) return std::nullopt;
  return store.error().code;
}

// Runs `body` in a child, which exits with what it returns, without the tests' own
// cleaning up.
inline pid_t spawn(const std::function<int()>& body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(body());
  return child;
}

// The child's exit code; -1 when a signal ended it.
inline int wait_for(pid_t child) {
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// A signal from one process to another: wait() returns when somebody calls send(),
// or when every sender is gone (then false).
class Signal {
 public:
  Signal() { REQUIRE(pipe(ends_) == 0); }
  ~Signal() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void send() const {
    const char byte = 1;
    if (::write(ends_[1], &byte, 1) != 1) _exit(99);
  }
  bool wait() const {
    char byte = 0;
    return ::read(ends_[0], &byte, 1) == 1;
  }

 private:
  int ends_[2] = {-1, -1};
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace webhookcore
