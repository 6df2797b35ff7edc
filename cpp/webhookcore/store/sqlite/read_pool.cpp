#include "webhookcore/store/sqlite/read_pool.h"

#include <functional>
#include <thread>
#include <utility>

namespace webhookcore::sqlite {

std::unique_lock<std::mutex> ReadPool::lock_a_slot(std::size_t& index) {
  for (index = 0; index < kSlots; ++index) {
    std::unique_lock lock(slots_[index].mutex, std::try_to_lock);
    if (lock.owns_lock()) return lock;
  }
  index = std::hash<std::thread::id>{}(std::this_thread::get_id()) % kSlots;
  return std::unique_lock(slots_[index].mutex);
}

Result<ReadLease> ReadPool::take() {
  std::size_t index = 0;
  std::unique_lock lock = lock_a_slot(index);
  if (closed_) return Error{ErrorCode::closed, path_ + ": was closed"};
  auto& connection = slots_[index].connection;
  if (connection == nullptr) {
    auto opened = Connection::open(path_, Synchronous::normal, busy_timeout_);
    if (!opened) return opened.error();
    connection = std::move(*opened);
  }
  return ReadLease(std::move(lock), *connection);
}

void ReadPool::disconnect_and_hold() {
  for (Slot& slot : slots_) {
    slot.mutex.lock();
    slot.connection.reset();
  }
}

void ReadPool::resume() {
  for (Slot& slot : slots_) slot.mutex.unlock();
}

void ReadPool::close() {
  closed_ = true;
  disconnect_and_hold();
  resume();
}

}  // namespace webhookcore::sqlite
