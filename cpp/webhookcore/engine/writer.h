// Everything that blocks on the store, on one thread, so that the loop never does:
// records attempts in group commits, puts back, claims what is due, sweeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "webhookcore/engine/endpoint_cache.h"
#include "webhookcore/engine/key_watch.h"
#include "webhookcore/engine/probe_sweep.h"
#include "webhookcore/engine/pruner.h"
#include "webhookcore/engine/reaper.h"
#include "webhookcore/engine/record_queue.h"
#include "webhookcore/engine/replayer.h"
#include "webhookcore/engine/session.h"
#include "webhookcore/engine/watch.h"

namespace webhookcore {

class Writer {
 public:
  explicit Writer(std::shared_ptr<Session> session);

  // The body of the thread. Returns when the session stops, the loop has ended, and
  // all is recorded or the store has failed until the end of the drain.
  void run();

 private:
  struct Round {
    bool park = false;
    std::size_t room = 0;
    std::uint64_t question = 0;
    bool stopping = false;
    bool loop_done = false;
    SteadyTime drain_until{};
  };

  Round next_round();
  void take_orders();  // Under the session's mutex, like the two below.
  bool has_work() const;
  SteadyTime wake_at() const;
  void work(const Round& round);
  void settle(RecordQueue::Flushed flushed);
  Result<bool> lead();
  Result<void> stand_by(const Round& round);
  Result<void> sweep(bool moved_breakers);
  Result<std::size_t> claim(std::size_t limit);
  void prepare(std::vector<ClaimedDelivery> claimed);
  Result<void> look_ahead(const Round& round, std::size_t claimed);
  void note(const Result<void>& result);
  bool is_over(const Round& round) const;

  std::shared_ptr<Session> session_;
  Store& store_;
  EndpointCache endpoints_;
  KeyWatch keys_;
  Reaper reaper_;
  ProbeSweep probes_;
  Watch watch_;
  Replayer replayer_;
  Pruner pruner_;
  RecordQueue queue_;

  std::size_t open_work_ = 0;   // Claimed by us and neither recorded nor put back.
  SteadyTime look_again_at_{};  // When something may be due, or another process's row.
  Duration pause_{};            // While the store fails.
  bool leads_ = false;          // Asked for again until it is given.
};

}  // namespace webhookcore
