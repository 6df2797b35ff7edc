// Connections for reading, so that no reader waits for a writer.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

// Holds one connection for one thread; give it back soon, since a read transaction
// keeps the log from being begun anew.
class ReadLease {
 public:
  ReadLease(std::unique_lock<std::mutex> lock, Connection& connection)
      : lock_(std::move(lock)), connection_(&connection) {}
  Connection& operator*() const { return *connection_; }

 private:
  std::unique_lock<std::mutex> lock_;
  Connection* connection_;
};

// Safe to share between threads. Connections are opened at first use. They wait as
// long as writers do: a reader is made to wait only while another process repairs
// the log after a crash, and then nobody is held up by it.
class ReadPool {
 public:
  ReadPool(std::string path, Duration busy_timeout)
      : path_(std::move(path)), busy_timeout_(busy_timeout) {}

  Result<ReadLease> take();

  // Waits for the readers, closes, and keeps everybody out until resume().
  void disconnect_and_hold();
  void resume();
  // Every later take() fails with ErrorCode::closed.
  void close();

 private:
  // Enough that long listings leave room for the short reads of claims.
  static constexpr std::size_t kSlots = 4;
  struct Slot {
    std::mutex mutex;
    std::unique_ptr<Connection> connection;
  };

  std::unique_lock<std::mutex> lock_a_slot(std::size_t& index);

  std::string path_;
  Duration busy_timeout_;
  std::atomic<bool> closed_ = false;
  std::array<Slot, kSlots> slots_;
};

}  // namespace webhookcore::sqlite
