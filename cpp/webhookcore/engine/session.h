// What the engine's two threads share while they run: one object for each start(),
// held alive by both, so that a thread that must be left behind never reads freed
// memory.
//
//   writer    all that blocks: claims, records, put-backs, the sweep. Never under
//             the mutex.
//   loop      all that is sent: the dispatcher and the transport.
//
// Waits are real time whatever the clock says, because only the kernel can end them;
// what is waited for is asked of the clock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/engine/dispatcher.h"
#include "webhookcore/engine/engine.h"
#include "webhookcore/engine/event_log.h"

namespace webhookcore {

using SteadyTime = std::chrono::steady_clock::time_point;

// Recording attempts one by one would take a commit for each. As many as this are
// recorded at once, fewer when the first of them has waited that long.
inline constexpr std::size_t kWorthACommit = 100;
inline constexpr std::chrono::milliseconds kLongestGathering{2};

// What a session is made of; clock and random outlive it, the log is the engine's.
struct SessionParts {
  std::shared_ptr<Store> store;
  TransportFactory make_transport;
  EngineOptions options;
  const Clock& clock;
  Random& random;
  std::shared_ptr<EventLog> events;
};

struct Session {
  explicit Session(SessionParts given) : parts(std::move(given)) {}

  const SessionParts parts;

  Moment now() const { return {parts.clock.now(), parts.clock.monotonic()}; }

  RunCounts counts_now();

  // Gives the writer something to look at, the loop too where `transport` is up.
  void wake_writer();
  void wake_loop();

  // Under `mutex`. What is worth a transaction: many orders, or some that have waited, or
  // all there will be. And what is worth a claim: not one row for each that was sent.
  bool orders_are_due(SteadyTime now) const;
  bool wants_claim() const;

  // Asks both threads to stand still at a safe point and waits for it, but not past
  // `limit`: a writer inside a store call is waited for by the store's own hook.
  void park(Duration limit);
  void unpark();
  // For the threads themselves: returns at once unless a fork is near.
  void stand_still_if_asked(bool Session::*flag);

  // Stops taking work; what is under way has until `drain_until`. A second call can
  // only shorten that.
  void begin_stop(SteadyTime drain_until);

  std::mutex mutex;
  std::condition_variable writer_cv;  // The writer waits on it.
  std::condition_variable state_cv;   // Everyone else: starting, stopping, idle, fork.

  // ---- All below only under `mutex` ----

  std::vector<ReadyDelivery> ready;  // Writer to loop.
  Orders orders;                     // Loop to writer; `starts` stays empty.
  SteadyTime orders_since{};         // When the first of them came.
  std::size_t under_way = 0;         // Attempts.
  std::size_t room = 0;              // What the loop wants beside `ready`.
  bool poked = false;                // Something may be due: an enqueue, a question.

  Transport* transport = nullptr;  // The loop's; only wake() may be called by others.
  std::optional<Error> start_error;
  bool loop_started = false;
  bool loop_done = false;
  bool writer_done = false;

  EngineRole role = EngineRole::starting;

  bool stopping = false;
  SteadyTime drain_until{};

  bool park_asked = false;
  bool loop_parked = false;
  bool writer_parked = false;

  // The writer answers "is there nothing to do?" with the number of the last question
  // that was asked before it looked.
  struct IdleAnswer {
    std::uint64_t question = 0;
    bool quiet = false;  // Nothing claimed is unfinished or unrecorded.
    std::optional<TimePoint> next_due_at = {};
  };
  std::uint64_t questions = 0;
  IdleAnswer answer;
  TimePoint busy_until{};              // As in Orders: until then nobody is idle.
  std::optional<Error> store_trouble;  // While the store fails.
  std::optional<Error> unreadable;     // While deliveries wait for an endpoint that is.
  RunCounts counts;                    // Since the session began.
};

}  // namespace webhookcore
