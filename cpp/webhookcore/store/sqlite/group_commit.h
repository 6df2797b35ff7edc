// One transaction for all who want to write at the same moment: of the callers that
// wait, the first commits for the rest.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/write_session.h"

namespace webhookcore::sqlite {

// What a caller's failure takes with it.
enum class Undo : std::uint8_t {
  alone,     // Its own work: a savepoint around it, which costs a fifth of storing an event.
  together,  // Nothing where it had written nothing yet, else everybody's.
};

// Safe to share between threads. It has no thread of its own: with one caller
// nothing is handed over and nobody is woken.
class GroupCommit {
 public:
  // Runs on some caller's thread, inside the transaction. An error undoes this work
  // alone.
  using Work = std::function<Result<void>(Connection&)>;

  explicit GroupCommit(WriteSession& session) : session_(session) {}

  // Returns when the work is committed, or with the error that kept it from being so. A
  // batch survives what the most demanding of its callers asks for.
  Result<void> commit(const Work& work, Survives survives = Survives::power_cut,
                      Undo undo = Undo::alone);

  // Inside a transaction: an error of the work is `outcome`. What is returned is the error
  // that spoils the whole transaction, if there was one.
  static std::optional<Error> run_inside(Connection& connection, const Work& work, Undo undo,
                                         Result<void>& outcome);

  // Runs `work` on this thread while nobody else writes, outside a transaction.
  void alone(const std::function<void()>& work);

  // Around fork(2), on the forking thread: waits for the batch that runs, then keeps
  // everybody out. In the child the waiting threads do not exist and are forgotten.
  void before_fork();
  void after_fork_in_parent();
  void after_fork_in_child();

 private:
  // Lives on its caller's stack until `done`; guarded by `mutex_`.
  struct Request {
    const Work* work = nullptr;  // Absent: wants to be alone.
    Survives survives = Survives::power_cut;
    Undo undo = Undo::alone;
    Result<void> outcome = {};
    bool leads = false;
    bool done = false;
    std::condition_variable wake = {};
  };
  using Batch = std::vector<Request*>;

  // Queues the request and waits; true when it was made the leader.
  bool wait_turn(Request& request);
  void hand_over();
  Batch take_batch();
  void lead();
  std::optional<Error> run_batch(const Batch& batch);
  static std::optional<Error> run_in_savepoint(Connection& connection, const Work& work,
                                               Result<void>& outcome);
  static Survives most_demanded(const Batch& batch);
  static void fail(const Batch& batch, const Error& error);
  // From here on a request of the batch may be gone.
  void acknowledge(const Batch& batch);

  WriteSession& session_;
  std::mutex mutex_;
  std::deque<Request*> queue_;  // The leader stays at its front until its batch is taken.
  bool led_ = false;
};

}  // namespace webhookcore::sqlite
