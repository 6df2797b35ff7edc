#include "webhookcore/store/fork_hooks.h"

#include <pthread.h>

#include <map>
#include <mutex>
#include <utility>

namespace webhookcore {

namespace {

struct ForkList {
  std::mutex mutex;  // Held by the forking thread from `before` to the end.
  std::uint64_t last_id = 0;
  std::map<std::pair<ForkStage, std::uint64_t>, ForkHooks> hooks;
};

// Never destroyed: a fork may come while the process exits.
ForkList& list() {
  static ForkList* const instance = new ForkList;
  return *instance;
}

void before_fork() {
  list().mutex.lock();
  for (const auto& [key, hooks] : list().hooks) hooks.before();
}

void after_fork(std::function<void()> ForkHooks::*hook) {
  auto& hooks = list().hooks;
  for (auto entry = hooks.rbegin(); entry != hooks.rend(); ++entry) (entry->second.*hook)();
  list().mutex.unlock();
}

void after_fork_in_parent() { after_fork(&ForkHooks::in_parent); }
void after_fork_in_child() { after_fork(&ForkHooks::in_child); }

void register_with_the_system() {
  static std::once_flag once;
  std::call_once(once,
                 [] { pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); });
}

}  // namespace

ForkGuard::ForkGuard(ForkStage stage, ForkHooks hooks) {
  register_with_the_system();
  const std::lock_guard lock(list().mutex);
  id_ = ++list().last_id;
  list().hooks.emplace(std::pair(stage, id_), std::move(hooks));
}

ForkGuard::~ForkGuard() {
  const std::lock_guard lock(list().mutex);
  std::erase_if(list().hooks, [this](const auto& entry) { return entry.first.second == id_; });
}

}  // namespace webhookcore
