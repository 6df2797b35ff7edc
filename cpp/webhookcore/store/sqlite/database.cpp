#include "webhookcore/store/sqlite/database.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "webhookcore/store/sqlite/claim_release.h"
#include "webhookcore/store/sqlite/migrations.h"

namespace webhookcore::sqlite {

Database::Database(const SessionOptions& options, KeyRing keys, Random& random)
    : path_(options.path),
      random_(random),
      sealer_(std::move(keys), random),
      lock_(path_ + "-lock", random),
      session_(options, lock_),
      readers_(path_, options.busy_timeout),
      synchronous_(options.synchronous) {}

Result<void> Database::start() {
  if (auto ready = ensure_ready(); !ready) return ready;
  const bool had_log = access((path_ + "-wal").c_str(), F_OK) == 0;
  Result<void> outcome;
  group_.alone([&] {
    outcome = session_.enter();
    if (!outcome) return;
    outcome = prepare_file();
    if (!outcome) {
      // Leaves no empty log of ours beside somebody else's file.
      if (!had_log) session_.connection().fold_log_on_close();
      session_.disconnect();
    }
    session_.leave();
  });
  return outcome;
}

Result<void> Database::prepare_file() {
  Connection& connection = session_.connection();
  if (auto migrated = migrate(connection, path_); !migrated) return migrated;
  return sealer_.check(connection);
}

Result<void> Database::ensure_ready() {
  if (ready_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(ready_mutex_);
  if (closed_) return Error{ErrorCode::closed, path_ + ": was closed"};
  if (auto opened = lock_.open(); !opened) return opened;
  ready_.store(true, std::memory_order_release);
  return {};
}

Result<void> Database::write(const GroupCommit::Work& work, Survives survives, Undo undo) {
  if (auto ready = ensure_ready(); !ready) return ready;
  return group_.commit(work, survives, undo);
}

ClaimOwner Database::owner_state(std::int64_t owner) const {
  return lock_.is_alive(owner) ? ClaimOwner::alive : ClaimOwner::gone;
}

Result<bool> Database::lead(const void* holder) {
  if (auto ready = ensure_ready(); !ready) return ready.error();
  const std::lock_guard lock(ready_mutex_);
  if (leader_ == holder) return true;
  if (leader_ != nullptr || closed_ || !lock_.try_leadership()) return false;
  leader_ = holder;
  return true;
}

void Database::stop_leading(const void* holder) {
  const std::lock_guard lock(ready_mutex_);
  if (leader_ != holder) return;
  leader_ = nullptr;
  lock_.release_leadership();
}

void Database::raise_durability(Synchronous synchronous) {
  if (synchronous != Synchronous::full || synchronous_.exchange(synchronous) == synchronous) return;
  // A connection that cannot be set is dropped; the next one is opened right.
  group_.alone([&] {
    if (!session_.set_synchronous(synchronous)) session_.disconnect();
  });
}

void Database::checkpoint_if_idle() {
  if (!session_.log_wants_checkpoint() || !ensure_ready()) return;
  group_.alone([&] { session_.checkpoint_if_idle(); });
}

void Database::checkpoint_now() {
  if (!ensure_ready()) return;
  group_.alone([&] { session_.checkpoint_now(); });
}

std::int64_t Database::log_bytes() const {
  struct stat status = {};
  return stat((path_ + "-wal").c_str(), &status) == 0 ? status.st_size : 0;
}

void Database::shut_down() {
  {
    const std::lock_guard lock(ready_mutex_);
    closed_ = true;
  }
  readers_.close();
  group_.alone([&] {
    close_session();
    ready_.store(false, std::memory_order_release);
    lock_.close();
  });
}

// A process that never used the store (a child after a fork) has nothing to free.
void Database::close_session() {
  if (session_.is_connected() && lock_.is_open()) {
    if (session_.begin(Survives::power_cut)) {
      const bool released = release_claims(session_.connection(), lock_.owner()).ok();
      if (released) {
        static_cast<void>(session_.commit().ok());  // Otherwise the reaper finds them.
      } else {
        session_.roll_back();
      }
      if (session_.is_connected()) session_.connection().fold_log_on_close();
      session_.disconnect();
      session_.leave();
    }
  }
  session_.close();
}

void Database::before_fork() {
  ready_mutex_.lock();
  group_.before_fork();
  readers_.disconnect_and_hold();
  session_.disconnect();
}

void Database::after_fork_in_parent() {
  readers_.resume();
  group_.after_fork_in_parent();
  ready_mutex_.unlock();
}

void Database::after_fork_in_child() {
  leader_ = nullptr;
  lock_.forget();
  session_.forget();
  ready_.store(false, std::memory_order_release);
  readers_.resume();
  group_.after_fork_in_child();
  ready_mutex_.unlock();
}

}  // namespace webhookcore::sqlite
