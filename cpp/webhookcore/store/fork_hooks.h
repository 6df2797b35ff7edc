// What has to be still while the process forks, in one order: engines first, then
// the stores that they call.
#pragma once

#include <cstdint>
#include <functional>

namespace webhookcore {

// The stage decides the order, not the moment of registration: a store that is
// opened after an engine was made must still be the last to stop.
enum class ForkStage : std::uint8_t { engine, store };

struct ForkHooks {
  std::function<void()> before;     // Stages in their order.
  std::function<void()> in_parent;  // The other way round.
  std::function<void()> in_child;   // The same; only the forking thread exists.
};

// Registered from construction to destruction. Destroying one waits for a fork that
// is under way; never do it from inside a hook.
class ForkGuard {
 public:
  ForkGuard(ForkStage stage, ForkHooks hooks);
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

 private:
  std::uint64_t id_;
};

}  // namespace webhookcore
