#include "webhookcore/store/write_queue.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <system_error>
#include <utility>

#include "webhookcore/store/signals_blocked.h"

namespace webhookcore {

namespace {

// Bounds how long the last of a crowd holds up the first, and everybody else who writes.
constexpr std::size_t kLargestBatch = 512;

struct Item {
  std::unique_ptr<QueuedCall> call;
  std::shared_ptr<Mailbox> to;
};
using Items = std::vector<Item>;

void run(Store& store, const Items& items) {
  if (items.size() == 1) {  // Nobody to share a transaction with; a look may be enough.
    items.front().call->run(store);
    return;
  }
  const auto written = store.together([&](Store& inside) {
    for (const Item& item : items) item.call->run(inside);
  });
  if (written) return;
  for (const Item& item : items) item.call->fail(written.error());
}

}  // namespace

// ---- Mailbox -----------------------------------------------------------------

Result<std::shared_ptr<Mailbox>> Mailbox::make() {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) {
    return Error{ErrorCode::store_unavailable,
                 "no eventfd: " + std::generic_category().message(errno)};
  }
  std::shared_ptr<Mailbox> box(new Mailbox(descriptor));
  Mailbox* const self = box.get();
  // The child's copy of the descriptor is the parent's eventfd: it must not be read there.
  self->fork_guard_.emplace(ForkStage::engine,
                            ForkHooks{.before = [self] { self->mutex_.lock(); },
                                      .in_parent = [self] { self->mutex_.unlock(); },
                                      .in_child =
                                          [self] {
                                            self->is_parents_ = true;
                                            self->finished_.clear();
                                            self->mutex_.unlock();
                                          }});
  return box;
}

Mailbox::~Mailbox() {
  fork_guard_.reset();
  ::close(descriptor_);
}

void Mailbox::put(QueuedCalls calls) {
  const std::lock_guard lock(mutex_);
  if (is_parents_) return;
  const bool was_empty = finished_.empty();
  finished_.insert(finished_.end(), std::make_move_iterator(calls.begin()),
                   std::make_move_iterator(calls.end()));
  // It cannot overflow: it is written once for each time it was read.
  if (was_empty && !finished_.empty()) eventfd_write(descriptor_, 1);
}

QueuedCalls Mailbox::take() {
  const std::lock_guard lock(mutex_);
  if (finished_.empty()) return {};
  eventfd_t ignored = 0;
  eventfd_read(descriptor_, &ignored);
  return std::exchange(finished_, {});
}

// ---- WriteQueue --------------------------------------------------------------

// Held by the thread too, so that one that was left behind never reads freed memory.
struct WriteQueue::State {
  explicit State(std::shared_ptr<Store> given) : store(std::move(given)) {}

  const std::shared_ptr<Store> store;
  std::mutex mutex;
  // All below under the mutex. The condition is on the heap because a child after a
  // fork must leave it there: its destructor would wait for a thread that is not.
  std::unique_ptr<std::condition_variable> changed = std::make_unique<std::condition_variable>();
  std::deque<Item> waiting;
  bool closing = false;
  bool done = true;  // No thread, or one that is about to end.

  void work();
  Items take_batch();
  static void hand_out(Items items);
};

Items WriteQueue::State::take_batch() {
  const std::size_t count = std::min(waiting.size(), kLargestBatch);
  const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(count);
  Items batch(std::make_move_iterator(waiting.begin()), std::make_move_iterator(end));
  waiting.erase(waiting.begin(), end);
  return batch;
}

// One put for each box, so that each loop is woken once.
void WriteQueue::State::hand_out(Items items) {
  for (auto item = items.begin(); item != items.end();) {
    const std::shared_ptr<Mailbox> to = item->to;
    QueuedCalls calls;
    for (; item != items.end() && item->to == to; ++item) calls.push_back(std::move(item->call));
    to->put(std::move(calls));
  }
}

// The body of the thread.
void WriteQueue::State::work() {
  std::unique_lock lock(mutex);
  while (true) {
    changed->wait(lock, [this] { return closing || !waiting.empty(); });
    if (waiting.empty()) break;
    Items batch = take_batch();
    lock.unlock();
    run(*store, batch);
    hand_out(std::move(batch));
    lock.lock();
  }
  done = true;
  changed->notify_all();
}

WriteQueue::WriteQueue(std::shared_ptr<Store> store)
    : state_(std::make_shared<State>(std::move(store))) {
  fork_guard_.emplace(ForkStage::engine, ForkHooks{.before = [this] { before_fork(); },
                                                   .in_parent = [this] { after_fork_in_parent(); },
                                                   .in_child = [this] { after_fork_in_child(); }});
}

WriteQueue::~WriteQueue() {
  fork_guard_.reset();
  close(std::chrono::seconds{1});
}

void WriteQueue::push(QueuedCalls calls, const std::shared_ptr<Mailbox>& to) {
  std::optional<Error> refused;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->closing) refused = Error{ErrorCode::closed, "the store was closed"};
    if (!refused) refused = ensure_thread();
    if (!refused) {
      for (auto& call : calls) state_->waiting.push_back({std::move(call), to});
      state_->changed->notify_all();
      return;
    }
  }
  for (const auto& call : calls) call->fail(*refused);
  to->put(std::move(calls));
}

std::optional<Error> WriteQueue::ensure_thread() {
  if (thread_) return std::nullopt;
  const AllSignalsBlocked blocked;
  try {
    thread_ = std::make_unique<std::thread>([state = state_] { state->work(); });
  } catch (const std::system_error& error) {
    return Error{ErrorCode::store_unavailable,
                 std::string("no thread could be started: ") + error.what()};
  }
  pthread_setname_np(thread_->native_handle(), "wh-async-writer");
  state_->done = false;
  return std::nullopt;
}

void WriteQueue::close(Duration patience) {
  std::unique_ptr<std::thread> thread;
  bool done = false;
  {
    std::unique_lock lock(state_->mutex);
    state_->closing = true;
    state_->changed->notify_all();
    state_->changed->wait_for(lock, patience, [this] { return state_->done; });
    thread = std::move(thread_);
    done = state_->done;
  }
  if (!thread) return;
  if (done) {
    thread->join();
  } else {
    thread->detach();
  }
}

// ---- fork(2) -----------------------------------------------------------------

// A commit that is under way is waited for by the store's own hook.
void WriteQueue::before_fork() { state_->mutex.lock(); }

void WriteQueue::after_fork_in_parent() { state_->mutex.unlock(); }

// What waits is the parent's, whose thread commits it. It is left where it is, never
// destroyed, like the thread and what that waits on: no mailbox may end inside a hook.
void WriteQueue::after_fork_in_child() {
  static_cast<void>(new std::deque<Item>(std::exchange(state_->waiting, {})));
  static_cast<void>(thread_.release());
  static_cast<void>(state_->changed.release());
  state_->changed = std::make_unique<std::condition_variable>();
  state_->done = true;
  state_->mutex.unlock();
}

}  // namespace webhookcore
