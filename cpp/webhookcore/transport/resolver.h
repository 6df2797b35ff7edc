// Names to addresses, off the loop's thread: one black-holed name freezes a whole
// libcurl multi loop for ten seconds (reliability.md 0.5).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/address_policy.h"

namespace webhookcore {

struct Resolution {
  std::vector<IpAddress> addresses = {};  // Empty: failed.
  std::string error = {};
};

// Safe to share between threads.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Calls `done` once, from any thread, possibly before returning. A name that is
  // not answered by the caller's own deadline is the caller's to give up on:
  // `done` must then be harmless.
  virtual void resolve(const std::string& host, std::function<void(Resolution)> done) = 0;
};

// getaddrinfo in `threads` threads that start at the first call. Waiting names are
// bounded: past the bound a call fails at once. A failing name is remembered for
// two seconds. Its threads are never joined while stuck in libc: they are left
// behind, holding nothing of ours.
std::shared_ptr<Resolver> make_system_resolver(int threads = 4);

}  // namespace webhookcore
