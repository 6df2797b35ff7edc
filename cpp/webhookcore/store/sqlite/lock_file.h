// The lock file beside a database: fcntl byte ranges that say, over all processes,
// who writes and which owners are alive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webhookcore/base/error.h"
#include "webhookcore/base/random.h"

namespace webhookcore::sqlite {

// fcntl and not flock: a flock is shared with every forked child, so that a killed
// owner would look alive for as long as a child of its lives (measured: 1.2 s
// against 0, reliability.md S11). The price is that fcntl locks exclude processes,
// not threads, and that closing any descriptor of the file drops them all: the
// process has one descriptor, and whoever uses this class brings the mutual
// exclusion of threads along.
//
//   byte 0               the write gate
//   byte 1               the leader of the host's senders
//   byte 2               shared by those who wait for the gate
//   byte 4096 + owner    held for life by the process with that owner number
class LockFile {
 public:
  LockFile(std::string path, Random& random) : path_(std::move(path)), random_(random) {}
  ~LockFile() { close(); }
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  // Creates the file when it is missing and takes a fresh owner number.
  Result<void> open();
  bool is_open() const { return descriptor_ >= 0; }
  void close();
  // In a child after a fork: leaves the descriptor as it is and owns nothing, since
  // locks are not inherited.
  void forget();

  bool try_gate();
  void release_gate();
  void show_waiting();
  void hide_waiting();
  bool others_wait() const;

  bool try_leadership();
  void release_leadership();
  // The process that leads; absent when none does or this one.
  std::optional<std::int64_t> leader() const;

  std::int64_t owner() const { return owner_; }
  bool is_alive(std::int64_t owner) const;

 private:
  Result<void> take_owner_number();
  bool lock(short type, std::int64_t at) const;
  bool is_locked_elsewhere(std::int64_t at) const;

  std::string path_;
  Random& random_;
  int descriptor_ = -1;
  std::int64_t owner_ = 0;
};

}  // namespace webhookcore::sqlite
