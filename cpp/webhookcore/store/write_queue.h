// The door to a store for callers that must not wait, such as an event loop: they push
// what they want done, one thread makes all that was pushed one group commit, and what
// came of it lies in the caller's mailbox.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/fork_hooks.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

// What somebody wants done, and then what came of it. Made and read by its caller's
// thread; in between it is the queue's. Holds nothing that belongs to one thread.
class QueuedCall {
 public:
  virtual ~QueuedCall() = default;
  // Once: calls the store and keeps its answer. On any thread, inside a transaction.
  virtual void run(Store& store) = 0;
  // The transaction failed: this takes the place of what run() kept, if it ran.
  virtual void fail(const Error& error) = 0;
};

using QueuedCalls = std::vector<std::unique_ptr<QueuedCall>>;

// Where finished calls wait for one event loop. Safe to share between threads; in a
// child after a fork it is empty and stays so: the calls were its parent's.
class Mailbox {
 public:
  // ErrorCode::store_unavailable when the process may open no more files.
  static Result<std::shared_ptr<Mailbox>> make();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // An eventfd, readable while something lies in the box. Open as long as the box.
  int descriptor() const { return descriptor_; }
  // What has finished, in the order of the commits; nothing when nothing has.
  QueuedCalls take();

 private:
  friend class WriteQueue;
  explicit Mailbox(int descriptor) : descriptor_(descriptor) {}
  void put(QueuedCalls calls);

  const int descriptor_;
  std::mutex mutex_;
  QueuedCalls finished_;
  bool is_parents_ = false;
  std::optional<ForkGuard> fork_guard_;
};

// Safe to share between threads. Starts its thread at the first push in each process.
class WriteQueue {
 public:
  explicit WriteQueue(std::shared_ptr<Store> store);
  ~WriteQueue();  // close() with a second's patience.
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // Never waits for the store. After close() the calls come back with
  // ErrorCode::closed.
  void push(QueuedCalls calls, const std::shared_ptr<Mailbox>& to);

  // Takes nothing more, finishes what was pushed, and ends the thread. When that takes
  // longer than `patience` the thread is left to it. Idempotent.
  void close(Duration patience);

 private:
  struct State;
  std::optional<Error> ensure_thread();  // Under the mutex.
  void before_fork();
  void after_fork_in_parent();
  void after_fork_in_child();

  std::shared_ptr<State> state_;
  std::unique_ptr<std::thread> thread_;  // Guarded by the state's mutex.
  std::optional<ForkGuard> fork_guard_;
};

}  // namespace webhookcore
