// Many dead letters at once: put back by jobs that survive whoever works them, or deleted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/delivery_store.h"

namespace webhookcore {

struct ReplayRequest {
  // Dead letters of an endpoint that was not deleted, that have not expired and that no
  // attempt ever delivered;
  // `state`, `message_id`, `before_key` and `limit` of the filter mean nothing here.
  DeliveryFilter letters = {};
  std::optional<std::int64_t> most = {};  // At most so many, oldest first.
  std::optional<double> per_second = {};  // Absent: all are due at once.
  // With letters.endpoint_id: then also the messages from this time on that were sent while
  // that endpoint was disabled and that it subscribes to now.
  std::optional<TimePoint> missed_since = {};
};

enum class ReplayJobState : std::uint8_t { running, done };

struct ReplayJob {
  std::int64_t key = 0;
  ReplayRequest request = {};
  ReplayJobState state = ReplayJobState::running;
  std::int64_t matched = 0;   // Dead letters, when it began.
  std::int64_t replayed = 0;  // So far.
  std::int64_t missed = 0;    // So far: deliveries made for what was sent while disabled.
  TimePoint created_at{};
  TimePoint updated_at{};
};

struct ReplayJobFilter {
  std::optional<ReplayJobState> state = {};
  std::optional<std::int64_t> before_key = {};  // The cursor: newest first.
  std::size_t limit = 100;
};

// Safe to share between threads; a call returns when its change is durable.
class ReplayStore {
 public:
  virtual ~ReplayStore() = default;

  // What a job of this request would do now; `most` included.
  virtual Result<std::int64_t> count_replayable(const ReplayRequest& request, TimePoint now) = 0;

  // A job, worked by the caller from now on. Letters that die later are not in it.
  // not_found when missed_since names an endpoint that is not there.
  virtual Result<ReplayJob> begin_replay(const ReplayRequest& request, TimePoint now) = 0;

  // One batch in one transaction: looks at no more than `limit` rows. Whoever calls it
  // holds the job for a minute; store_busy when somebody else does; not_found.
  virtual Result<ReplayJob> work_replay(std::int64_t job, std::size_t limit, TimePoint now) = 0;

  // The oldest running job that nobody works: its owner is gone, or did nothing for a
  // minute. Nothing is changed.
  virtual Result<std::optional<ReplayJob>> find_abandoned_replay(TimePoint now) = 0;

  virtual Result<std::optional<ReplayJob>> get_replay(std::int64_t job) = 0;
  virtual Result<std::vector<ReplayJob>> list_replays(const ReplayJobFilter& filter) = 0;

  // Of the next `limit` dead letters behind `place`, 0 at first, deletes those that match,
  // with their attempts; how many it were. `place` is 0 again when it has seen all.
  virtual Result<std::size_t> delete_dead_letters(const DeliveryFilter& filter, std::int64_t& place,
                                                  std::size_t limit) = 0;
};

}  // namespace webhookcore
