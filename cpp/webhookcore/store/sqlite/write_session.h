// The one connection that writes, and what surrounds each of its transactions: the
// gate, the commit, the checkpoint.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/connection.h"
#include "webhookcore/store/sqlite/file_identity.h"
#include "webhookcore/store/sqlite/write_gate.h"

namespace webhookcore::sqlite {

struct SessionOptions {
  std::string path;  // Absolute, without symbolic links.
  FileIdentity identity;
  Synchronous synchronous = Synchronous::full;
  Duration busy_timeout{};
};

// What a transaction must survive once its caller was told that it is done. Nothing
// committed is lost when a process is killed; a power cut takes what was not synced, which
// is then as if it had never been.
enum class Survives : std::uint8_t { power_cut, kill };

// Used by one thread at a time: the group commit's leader, or whoever asked it to
// be alone. `lock` is open whenever this is used and outlives it.
class WriteSession {
 public:
  WriteSession(SessionOptions options, LockFile& lock)
      : options_(std::move(options)), gate_(lock) {}

  // Takes the gate, opens the connection when there is none, begins. After an error
  // nothing is held. Under Synchronous::normal nothing survives a power cut for sure.
  Result<void> begin(Survives survives);
  Result<void> commit();
  void roll_back();
  // Runs the checkpoint when it is due and gives the gate back.
  void end();

  // The gate and the connection without a transaction, for migrations and the last
  // checkpoint.
  Result<void> enter();
  void leave() { gate_.release(); }

  Connection& connection() { return *connection_; }
  bool is_connected() const { return connection_ != nullptr; }
  void disconnect() { connection_.reset(); }
  // Every later begin() fails with ErrorCode::closed.
  void close();
  Result<void> set_synchronous(Synchronous synchronous);

  // A checkpoint, after which the log is no large file any more. The first when nothing was
  // committed for a second; neither when the gate is taken.
  void checkpoint_if_idle();
  void checkpoint_now();
  // From any thread: whether the call above could have something to do.
  bool log_wants_checkpoint() const {
    return log_wants_checkpoint_.load(std::memory_order_relaxed);
  }

  // In a child after a fork; the connection was closed before it.
  void forget() { gate_.forget(); }

 private:
  Result<void> prepare_sync(Survives survives);
  void checkpoint_if_due();
  void checkpoint(std::int64_t log_cap);

  SessionOptions options_;
  WriteGate gate_;
  std::unique_ptr<Connection> connection_;
  Synchronous syncs_ = Synchronous::full;  // What the connection is set to.
  int next_checkpoint_at_ = 0;
  int last_log_pages_ = 0;
  Duration last_commit_at_{};  // Monotonic.
  bool closed_ = false;
  std::atomic<bool> log_wants_checkpoint_ = false;  // It is not empty, or large.
};

}  // namespace webhookcore::sqlite
