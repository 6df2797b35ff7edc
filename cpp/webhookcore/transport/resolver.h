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
  // Calls `done` at most once, from any thread, possibly before returning. A name that
  // is not answered by the caller's own deadline is the caller's to give up on: `done`
  // must then be harmless.
  virtual void resolve(const std::string& host, std::function<void(Resolution)> done) = 0;
};

// One blocking question; getaddrinfo() outside of tests.
using Lookup = std::function<Resolution(const std::string& host)>;
Resolution look_up_by_system(const std::string& host);

struct ResolverOptions {
  int threads = 32;                // At most; started when they are needed.
  std::size_t max_waiting = 4096;  // Names; past it a call fails at once.
  Duration remember_answer{std::chrono::seconds{5}};
  Duration remember_failure{std::chrono::seconds{2}};
  Duration slow{std::chrono::seconds{1}};
};

// Asks for a name once however many callers wait for it. Names that failed or were
// slow the last time share half of the threads, so that black-holed ones cannot
// starve the others. Threads are never joined: one that is stuck in libc is left
// behind, holding nothing but the question and who asked.
std::shared_ptr<Resolver> make_system_resolver(ResolverOptions options = {},
                                               Lookup lookup = look_up_by_system);

}  // namespace webhookcore
