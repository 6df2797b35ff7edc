#include "webhookcore/store/sqlite/registry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>

#include "webhookcore/store/fork_hooks.h"
#include "webhookcore/store/sqlite/migrations.h"
#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

struct Entry {
  std::shared_ptr<Database> database;
  int holders = 0;
};

struct Registry {
  std::optional<ForkGuard> fork_guard = {};
  // Held while a file is opened or closed, so that no other thread opens the same one
  // meanwhile, and around a fork.
  std::mutex mutex;
  std::map<FileIdentity, Entry> entries;

  void before_fork() {
    mutex.lock();
    for (auto& [identity, entry] : entries) entry.database->before_fork();
  }
  void after_fork_in_parent() {
    for (auto& [identity, entry] : entries) entry.database->after_fork_in_parent();
    mutex.unlock();
  }
  void after_fork_in_child() {
    for (auto& [identity, entry] : entries) entry.database->after_fork_in_child();
    mutex.unlock();
  }
};

// Never destroyed: threads and fork hooks may outlive the static objects.
Registry& registry() {
  static Registry* const instance = [] {
    auto* made = new Registry;
    made->fork_guard.emplace(ForkStage::store,
                             ForkHooks{.before = [made] { made->before_fork(); },
                                       .in_parent = [made] { made->after_fork_in_parent(); },
                                       .in_child = [made] { made->after_fork_in_child(); }});
    return made;
  }();
  return *instance;
}

Error unavailable(const std::string& path, const std::string& why) {
  return {ErrorCode::store_unavailable, path + ": " + why};
}

// SQLite's messages do not say which file they are about.
Error naming(const std::string& path, Error error) {
  if (error.detail.find(path) == std::string::npos) error.detail = path + ": " + error.detail;
  return error;
}

Result<void> create_if_missing(const std::string& path, bool create) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0) {
    // A pipe would block the open that follows, a directory fails it less clearly.
    if (S_ISDIR(status.st_mode)) return unavailable(path, "is a directory");
    if (!S_ISREG(status.st_mode)) return unavailable(path, "is not a file");
    // The log and the lock are named after the file: two processes that open it by two
    // names would not see each other.
    if (status.st_nlink > 1) {
      return unavailable(path, "has more than one hard link, and a store must have one name");
    }
    return {};
  }
  if (errno != ENOENT || !create) return unavailable(path, system_text(errno));
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return unavailable(path, system_text(errno));
  ::close(descriptor);
  return {};
}

// SQLite names the log after the path with its links resolved, and so does the lock
// file: two links to one file share both.
Result<std::string> resolve(const std::string& path) {
  char* const resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return unavailable(path, system_text(errno));
  std::string result(resolved);
  std::free(resolved);
  return result;
}

Result<SessionOptions> locate(const SqliteOptions& options) {
  if (options.path.empty() || options.path.find('\0') != std::string::npos) {
    return Error{ErrorCode::config, "the path of a store is a file name", "path"};
  }
  if (auto made = create_if_missing(options.path, options.create); !made) return made.error();
  auto path = resolve(options.path);
  if (!path) return path.error();
  const FileIdentity identity = identify(*path);
  return SessionOptions{
      std::move(*path), identity,
      options.durability == Durability::full ? Synchronous::full : Synchronous::normal,
      options.busy_timeout};
}

}  // namespace

Result<std::shared_ptr<Database>> acquire_database(const SqliteOptions& options, Random& random) {
  const std::lock_guard lock(registry().mutex);
  auto located = locate(options);
  if (!located) return located.error();
  Entry& entry = registry().entries[located->identity];
  if (entry.database != nullptr) {
    entry.database->raise_durability(located->synchronous);
    ++entry.holders;
    return entry.database;
  }
  Result<void> opened = check_file(located->path);
  if (opened) {
    entry = {std::make_shared<Database>(*located, options.keys, random), 1};
    opened = entry.database->start();
  }
  if (!opened) {
    registry().entries.erase(located->identity);
    return naming(located->path, opened.error());
  }
  return entry.database;
}

void release_database(const std::shared_ptr<Database>& database) {
  const std::lock_guard lock(registry().mutex);
  for (auto entry = registry().entries.begin(); entry != registry().entries.end(); ++entry) {
    if (entry->second.database != database) continue;
    if (--entry->second.holders > 0) return;
    database->shut_down();
    registry().entries.erase(entry);
    return;
  }
}

}  // namespace webhookcore::sqlite
