#include "webhookcore/store/memory/memory_store.h"

#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore {

std::shared_ptr<Store> make_memory_store(Random& random) {
  return std::make_shared<memory::MemoryStore>(random);
}

namespace memory {

void MemoryStore::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

Result<void> MemoryStore::together(const std::function<void(Store&)>& calls) {
  if (const auto entered = enter(); entered.error) return *entered.error;
  calls(*this);
  return {};
}

Result<bool> MemoryStore::lead() {
  if (const auto entered = enter(); entered.error) return *entered.error;
  return true;
}

MemoryStore::Entered MemoryStore::enter() {
  Entered entered{std::unique_lock(mutex_), std::nullopt};
  if (closed_) entered.error = Error{ErrorCode::closed, "this store was closed"};
  return entered;
}

}  // namespace memory
}  // namespace webhookcore
