// The right to write, over all processes: held around every write transaction and
// every checkpoint.
#pragma once

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/lock_file.h"

namespace webhookcore::sqlite {

// SQLite's own lock would be enough for transactions, but a checkpoint that meets
// a writer quietly becomes the kind that can lose commits (reliability.md 0.1), and
// its busy handler sleeps in milliseconds where this one starts at 50 µs.
//
// One thread at a time: the group commit's leader.
class WriteGate {
 public:
  explicit WriteGate(LockFile& file) : file_(file) {}

  // store_busy when others hold it for longer than `timeout`.
  Result<void> acquire(Duration timeout);
  void release();
  // In a child after a fork, which holds nothing.
  void forget() { make_way_ = false; }

 private:
  LockFile& file_;
  bool make_way_ = false;
};

}  // namespace webhookcore::sqlite
