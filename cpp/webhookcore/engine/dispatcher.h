// Decides what is sent when. No thread, no store and no socket: it is given claimed
// deliveries and ended transfers together with the time, and says what to start, what
// to record and what to put back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "webhookcore/base/random.h"
#include "webhookcore/engine/attempt_record.h"
#include "webhookcore/engine/lane.h"
#include "webhookcore/engine/options.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

struct TransferStart {
  TransferId id;
  HttpAttempt attempt;
};

// Each claimed delivery ends in exactly one of `attempts` and `put_backs`.
struct Orders {
  std::vector<TransferStart> starts = {};
  std::vector<ConcludedAttempt> attempts = {};
  std::vector<PutBack> put_backs = {};
  // Among the rows put back: those whose endpoint is deleted or whose message is gone.
  std::vector<std::int64_t> cancels = {};
  // When the last of those comes back that were put back only because their endpoint was
  // busy: they are due, and would have been sent.
  TimePoint busy_until = {};
};

// One thread at a time. `options` and `random` outlive it.
class Dispatcher {
 public:
  Dispatcher(const EngineOptions& options, Random& random) : options_(options), random_(random) {}

  // Starts, parks, or puts back. Claims are never refused: what cannot run now goes
  // back at a later time without counting.
  void take(std::vector<ReadyDelivery> batch, Moment now);

  void finish(TransferResult result, Moment now);

  // Starts what was parked and can run now, and hands over all that was decided since
  // the last step.
  Orders step(Moment now);

  // From now on everything that has not been started is put back at once.
  void close(Moment now);

  // How many more deliveries are wanted: what can be started at once, and the prefetch.
  // What is parked for a busy endpoint does not count, so that one dead endpoint cannot
  // use up the room.
  std::size_t room() const;
  std::size_t in_flight() const { return under_way_.size(); }

 private:
  struct UnderWay {
    ReadyDelivery delivery;
    TimePoint started_at;
    bool is_probe;
  };

  void take_one(ReadyDelivery delivery, Moment now);
  void start(Lane& lane, ReadyDelivery delivery, Moment now);
  bool can_start(const Lane& lane, const ReadyDelivery& delivery) const;
  bool is_stale(const Lane& lane, const ReadyDelivery& delivery, Moment now) const;
  void park(Lane& lane, ReadyDelivery delivery, Moment now);
  void put_behind(Lane& lane, const ReadyDelivery& delivery, Moment now);
  void put_back(const ReadyDelivery& delivery, TimePoint at, bool behind_breaker = false);
  void put_back_parked(Lane& lane, TimePoint at);
  bool start_one_parked(Lane& lane, Moment now);
  std::size_t runnable_parked() const;
  void conclude(const UnderWay& attempt, TransferResult result, Moment now,
                std::optional<HealthStep> step = {});
  HealthStep note_health(Lane& lane, const UnderWay& attempt, const TransferResult& result,
                         Moment now);
  bool was_cancelled(const TransferResult& result) const;

  const EngineOptions& options_;
  Random& random_;
  bool closed_ = false;
  TransferId last_id_ = 0;
  std::size_t parked_ = 0;                       // In all lanes.
  std::unordered_map<std::string, Lane> lanes_;  // By endpoint; a Lane never moves.
  std::vector<Lane*> waiting_;                   // Those with something parked.
  std::unordered_map<TransferId, UnderWay> under_way_;
  Orders orders_;
};

}  // namespace webhookcore
