// The delivery engine: enqueue from any thread, deliver on one. Starts no thread
// when made; start() or run_until_idle() does, once for each process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/base/random.h"
#include "webhookcore/engine/events.h"
#include "webhookcore/engine/options.h"
#include "webhookcore/store/store.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

// Makes the transport when the dispatcher thread of this process starts, on that
// thread; again in a child after a fork.
using TransportFactory = std::function<Result<std::unique_ptr<Transport>>()>;

// What an engine does for its store. On each host one engine delivers, of whichever
// process was first; the others take over when it is gone.
enum class EngineRole : std::uint8_t { stopped, starting, leading, standby };

struct RunCounts {  // Since the call, or since one before that was not idle.
  std::int64_t attempts = 0, delivered = 0, failed_attempts = 0, dead = 0;
};

// Safe to share between threads. Holds the store alive; `clock` and `random`
// outlive it.
class Engine {
 public:
  Engine(std::shared_ptr<Store> store, TransportFactory make_transport, EngineOptions options,
         const Clock& clock, Random& random);
  ~Engine();  // stop() without waiting for attempts.
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Durable when it returns. Fills in ids and times that are empty.
  std::vector<Result<Enqueued>> enqueue(std::vector<NewMessage> messages);

  // Starts delivering in the background; a second call changes nothing.
  Result<void> start();

  // Stops taking work, lets attempts in flight finish until `drain` is over, puts the
  // rest back, and joins. Returns within drain + 1 s: a thread that the store or the
  // resolver still holds then is left behind, with what it uses. Idempotent.
  void stop(Duration drain);

  bool running() const;
  EngineRole role() const;
  // Something was enqueued past this engine and may be due.
  void wake();

  // Until nothing is in flight and nothing is due within `wait` of now (of what another
  // process delivers too, but that is not in the counts), or `deadline`
  // has passed (then false in `idle`). Starts the dispatcher when it is not running
  // and stops it again once it is idle; after a false it goes on, so that calls can
  // be short slices, and a caller that gives up calls stop(). While the store fails,
  // its error; what is to be recorded is kept. Idle with deliveries left whose endpoint
  // cannot be read: wrong_store_key or store_corrupt. Of several callers at once each
  // counts what no other one has counted.
  struct IdleResult {
    bool idle = false;
    RunCounts counts = {};
  };
  Result<IdleResult> run_until_idle(Duration wait, Duration deadline);

  // Around slices of run_until_idle(): starts delivering, and goes on with it until the
  // last of those who began has ended and nobody called start(). What is under way then
  // has until `drain` is over, as in stop().
  Result<void> begin_run();
  void end_run(Duration drain);

  // What no run has counted, because it ended by an error or while attempts were under way;
  // else the next run counts it.
  RunCounts take_counts();

  // See attempt_once(); by this engine's transport, on the caller's thread.
  Result<Attempt> attempt_once(Endpoint endpoint, Message message,
                               const std::function<bool()>& should_end = {});

  // Attempts since the last call, oldest first, at most `limit`; for logs and
  // metrics. Past 10,000 unread ones the oldest are dropped and counted.
  std::vector<AttemptEvent> take_events(std::size_t limit);

  // What keeps deliveries from being made and a person has to mend, since the last call.
  std::vector<std::string> take_problems();

  // Around fork(2): park the loop, then go on (parent) or forget (child).
  void before_fork();
  void after_fork_in_parent();
  void after_fork_in_child();

 private:
  class Runs;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace webhookcore
