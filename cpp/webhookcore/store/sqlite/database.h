// One database file in this process: who writes, who reads, what a fork does to it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>

#include "webhookcore/base/error.h"
#include "webhookcore/base/random.h"
#include "webhookcore/core/claim_order.h"
#include "webhookcore/core/claim_rules.h"
#include "webhookcore/store/sqlite/endpoint_directory.h"
#include "webhookcore/store/sqlite/group_commit.h"
#include "webhookcore/store/sqlite/lock_file.h"
#include "webhookcore/store/sqlite/read_pool.h"
#include "webhookcore/store/sqlite/seal.h"
#include "webhookcore/store/sqlite/tenant_rows.h"
#include "webhookcore/store/sqlite/write_session.h"

namespace webhookcore::sqlite {

// Safe to share between threads. There is one for each file in a process; the
// registry makes it and calls the fork hooks.
//
// SQLite keeps a table of its open files in the process, and in a child after a fork
// that table says that the child holds locks which only the parent has: a
// connection opened there would go unprotected, and the parent's last close would
// delete the log under it. So every connection is closed before a fork, while
// nobody is inside SQLite, and both sides open anew at their next call.
class Database {
 public:
  Database(const SessionOptions& options, KeyRing keys, Random& random);

  // Checks that the file is ours and that its secrets open, and brings its schema up to date.
  Result<void> start();

  // Runs `use(Connection&)`, which returns some Result.
  template <typename Use>
  std::invoke_result_t<Use, Connection&> read(Use use) {
    if (auto ready = ensure_ready(); !ready) return ready.error();
    auto lease = readers_.take();
    if (!lease) return lease.error();
    return use(**lease);
  }

  // Returns when it is durable. `work` may run on another caller's thread.
  Result<void> write(const GroupCommit::Work& work, Survives survives = Survives::power_cut,
                     Undo undo = Undo::alone);

  // Of this process, stored with every claim. Inside read() and write() only.
  std::int64_t owner() const { return lock_.owner(); }
  ClaimOwner owner_state(std::int64_t owner) const;
  Random& random() { return random_; }
  // Inside write() only.
  EndpointDirectory& endpoints() { return endpoints_; }
  TenantRooms& tenant_rooms() { return tenant_rooms_; }
  ClaimTurns& turns() { return turns_; }
  ClaimTurns& inbox_turns() { return inbox_turns_; }

  // Among all processes one leads, and in this one the holder that asked first: fcntl
  // locks do not keep two of one process apart.
  Result<bool> lead(const void* holder);
  void stop_leading(const void* holder);
  std::optional<std::int64_t> leader() const { return lock_.leader(); }
  const Sealer& sealer() const { return sealer_; }

  const std::string& path() const { return path_; }
  std::int64_t log_bytes() const;
  void raise_durability(Synchronous synchronous);
  void checkpoint_if_idle();
  // Now, if nobody else writes or reads.
  void checkpoint_now();
  // Frees this process's claims, folds the log into the file if nobody else has it
  // open, and closes.
  void shut_down();

  void before_fork();
  void after_fork_in_parent();
  void after_fork_in_child();

 private:
  Result<void> ensure_ready();
  Result<void> prepare_file();
  void close_session();

  const std::string path_;
  Random& random_;
  const Sealer sealer_;
  LockFile lock_;
  WriteSession session_;
  GroupCommit group_{session_};
  ReadPool readers_;
  EndpointDirectory endpoints_;
  TenantRooms tenant_rooms_;
  ClaimTurns turns_;
  ClaimTurns inbox_turns_;
  std::atomic<Synchronous> synchronous_;

  std::mutex ready_mutex_;
  std::atomic<bool> ready_ = false;  // The lock file is open in this process.
  bool closed_ = false;              // Guarded by ready_mutex_, like the next one.
  const void* leader_ = nullptr;     // The holder that leads, if this process does.
};

}  // namespace webhookcore::sqlite
