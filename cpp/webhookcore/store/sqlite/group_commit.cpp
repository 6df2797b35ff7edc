#include "webhookcore/store/sqlite/group_commit.h"

#include <algorithm>

#ifdef WEBHOOKCORE_MUTANT_ACK_BEFORE_COMMIT
#include <chrono>
#include <thread>
#endif

namespace webhookcore::sqlite {

namespace {

// Bounds how long the last of a crowd holds up the first.
constexpr std::size_t kLargestBatch = 512;

}  // namespace

bool GroupCommit::wait_turn(Request& request) {
  std::unique_lock lock(mutex_);
  queue_.push_back(&request);
  if (!led_) {
    led_ = true;
    return true;
  }
  request.wake.wait(lock, [&] { return request.leads || request.done; });
  return request.leads;
}

void GroupCommit::hand_over() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) {
    led_ = false;
    return;
  }
  queue_.front()->leads = true;
  queue_.front()->wake.notify_one();
}

GroupCommit::Batch GroupCommit::take_batch() {
  const std::lock_guard lock(mutex_);
  Batch batch;
  while (!queue_.empty() && batch.size() < kLargestBatch && queue_.front()->work != nullptr) {
    batch.push_back(queue_.front());
    queue_.pop_front();
  }
  return batch;
}

Result<void> GroupCommit::commit(const Work& work, Survives survives, Undo undo) {
  Request request{.work = &work, .survives = survives, .undo = undo};
  if (wait_turn(request)) lead();
  return std::move(request.outcome);
}

void GroupCommit::alone(const std::function<void()>& work) {
  Request request;
  wait_turn(request);
  {
    const std::lock_guard lock(mutex_);
    queue_.pop_front();
  }
  work();
  hand_over();
}

void GroupCommit::lead() {
  const Batch batch = take_batch();
  if (auto begun = session_.begin(most_demanded(batch)); !begun) {
    fail(batch, begun.error());
    acknowledge(batch);
    hand_over();
    return;
  }
  if (const auto failure = run_batch(batch)) {
    session_.roll_back();
    fail(batch, *failure);
  } else {
#ifdef WEBHOOKCORE_MUTANT_ACK_BEFORE_COMMIT
    // The deliberate fault: every caller, this one too, returns before the commit.
    acknowledge(batch);
    std::thread([this] {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      static_cast<void>(session_.commit().ok());
      session_.end();
      hand_over();
    }).detach();
    return;
#endif
    if (auto committed = session_.commit(); !committed) fail(batch, committed.error());
  }
  acknowledge(batch);
  session_.end();
  hand_over();
}

std::optional<Error> GroupCommit::run_batch(const Batch& batch) {
  Connection& connection = session_.connection();
  if (batch.size() == 1) {
    // A lone caller needs no savepoint: there is nobody else's work to keep.
    Request& request = *batch.front();
    request.outcome = (*request.work)(connection);
    if (!request.outcome) return request.outcome.error();
    return std::nullopt;
  }
  for (Request* request : batch) {
    auto failure = run_inside(connection, *request->work, request->undo, request->outcome);
    if (failure) return failure;
  }
  return std::nullopt;
}

std::optional<Error> GroupCommit::run_inside(Connection& connection, const Work& work, Undo undo,
                                             Result<void>& outcome) {
  if (undo == Undo::alone) return run_in_savepoint(connection, work, outcome);
  const std::int64_t before = connection.all_changed_rows();
  outcome = work(connection);
  if (outcome) return std::nullopt;
  const bool wrote = connection.all_changed_rows() != before;
  // As in a savepoint: what has undone the whole transaction spoils it.
  if (wrote || !connection.in_transaction()) return outcome.error();
  return std::nullopt;
}

std::optional<Error> GroupCommit::run_in_savepoint(Connection& connection, const Work& work,
                                                   Result<void>& outcome) {
  if (auto begun = connection.run("SAVEPOINT caller"); !begun) return begun.error();
  outcome = work(connection);
  if (!outcome) {
    // A full disk or an I/O error undoes the whole transaction, this savepoint with it.
    if (!connection.in_transaction()) return outcome.error();
    if (auto undone = connection.run("ROLLBACK TO caller"); !undone) return undone.error();
  }
  if (auto released = connection.run("RELEASE caller"); !released) return released.error();
  return std::nullopt;
}

Survives GroupCommit::most_demanded(const Batch& batch) {
  const bool all_modest = std::all_of(batch.begin(), batch.end(), [](const Request* request) {
    return request->survives == Survives::kill;
  });
  return all_modest ? Survives::kill : Survives::power_cut;
}

void GroupCommit::fail(const Batch& batch, const Error& error) {
  for (Request* request : batch) request->outcome = error;
}

void GroupCommit::acknowledge(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (Request* request : batch) {
    request->done = true;
    request->wake.notify_one();
  }
}

void GroupCommit::before_fork() {
  Request request;
  wait_turn(request);
  mutex_.lock();
  queue_.pop_front();
}

void GroupCommit::after_fork_in_parent() {
  mutex_.unlock();
  hand_over();
}

void GroupCommit::after_fork_in_child() {
  queue_.clear();
  led_ = false;
  mutex_.unlock();
}

}  // namespace webhookcore::sqlite
