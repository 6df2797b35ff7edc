#include "webhookcore/store/sqlite/write_session.h"

#include <sys/stat.h>

namespace webhookcore::sqlite {

namespace {

// 4 MiB of log: larger makes claims at a million rows faster and the 99th
// percentile of a send slower (performance.md, section 4).
constexpr int kCheckpointPages = 1000;
// A log that a long reader let grow gives its space back above this, and what a burst left
// behind once nothing is written any more, because a quota counts it.
constexpr std::int64_t kLogCapBytes = 64LL << 20;
constexpr std::int64_t kIdleLogCapBytes = 1LL << 20;
constexpr Duration kIdle{1000};

std::int64_t log_bytes(const std::string& path) {
  struct stat status = {};
  return stat((path + "-wal").c_str(), &status) == 0 ? status.st_size : 0;
}

}  // namespace

Result<void> WriteSession::enter() {
  if (closed_) return Error{ErrorCode::closed, options_.path + ": was closed"};
  if (auto held = gate_.acquire(options_.busy_timeout); !held) return held;
  // A commit into a file that was deleted or replaced would be acknowledged and lost.
  if (identify(options_.path) != options_.identity) {
    gate_.release();
    return Error{ErrorCode::store_unavailable, options_.path + ": was moved or replaced"};
  }
  if (connection_ != nullptr) return {};
  auto opened = Connection::open(options_.path, options_.synchronous, options_.busy_timeout);
  if (!opened) {
    gate_.release();
    return opened.error();
  }
  connection_ = std::move(*opened);
  syncs_ = options_.synchronous;
  return {};
}

// SQLite syncs at the commit, whatever was said before it; a later commit that syncs
// makes the ones before it last too.
Result<void> WriteSession::prepare_sync(Survives survives) {
  const Synchronous wanted =
      survives == Survives::power_cut ? options_.synchronous : Synchronous::normal;
  if (wanted == syncs_) return {};
  if (auto done = connection_->set_synchronous(wanted); !done) return done;
  syncs_ = wanted;
  return {};
}

Result<void> WriteSession::begin(Survives survives) {
  if (auto entered = enter(); !entered) return entered;
  auto begun = prepare_sync(survives);
  if (begun) begun = connection_->run("BEGIN IMMEDIATE");
  if (!begun) gate_.release();
  return begun;
}

Result<void> WriteSession::commit() {
  auto committed = connection_->run("COMMIT");
  if (!committed) {
    roll_back();
    return committed;
  }
  last_commit_at_ = SystemClock().monotonic();
  log_wants_checkpoint_.store(connection_->log_pages() > 0, std::memory_order_relaxed);
  return {};
}

void WriteSession::roll_back() {
  // A full disk or an I/O error has already rolled back by itself.
  if (!connection_->in_transaction()) return;
  if (auto done = connection_->run("ROLLBACK"); !done) disconnect();
}

void WriteSession::end() {
  if (connection_ != nullptr) checkpoint_if_due();
  gate_.release();
}

void WriteSession::checkpoint_if_due() {
  const int pages = connection_->log_pages();
  const bool log_began_anew = pages < last_log_pages_;
  last_log_pages_ = pages;
  if (log_began_anew || next_checkpoint_at_ == 0) next_checkpoint_at_ = kCheckpointPages;
  if (pages >= next_checkpoint_at_) checkpoint(kLogCapBytes);
}

void WriteSession::checkpoint(std::int64_t log_cap) {
  const int pages = connection_->log_pages();
  if (auto done = connection_->checkpoint(Checkpoint::restart); !done) {
    // A reader needs the log. Trying again at every commit would slow them all.
    next_checkpoint_at_ = pages + kCheckpointPages;
    return;
  }
  last_log_pages_ = 0;
  next_checkpoint_at_ = kCheckpointPages;
  if (log_bytes(options_.path) > log_cap) {
    // Refused when a reader came in between; the log is small again either way soon.
    static_cast<void>(connection_->checkpoint(Checkpoint::truncate).ok());
  }
  log_wants_checkpoint_.store(log_bytes(options_.path) > kIdleLogCapBytes,
                              std::memory_order_relaxed);
}

void WriteSession::checkpoint_if_idle() {
  if (SystemClock().monotonic() - last_commit_at_ >= kIdle) checkpoint_now();
}

void WriteSession::checkpoint_now() {
  if (connection_ == nullptr || !gate_.acquire(Duration{0}).ok()) return;
  checkpoint(kIdleLogCapBytes);
  gate_.release();
}

void WriteSession::close() {
  disconnect();
  closed_ = true;
}

Result<void> WriteSession::set_synchronous(Synchronous synchronous) {
  options_.synchronous = synchronous;
  return connection_ == nullptr ? Result<void>() : prepare_sync(Survives::power_cut);
}

}  // namespace webhookcore::sqlite
