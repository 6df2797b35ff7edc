// Events that were accepted and wait for their handler.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/idempotency_store.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

struct AcceptResult {
  enum class Kind : std::uint8_t {
    accepted,
    duplicate,  // Stored or completed before.
    running,    // Claimed by an inline handler right now.
    revived,    // Stored before and dead: pending again.
  };
  Kind kind;
  std::int64_t key = 0;          // Of the inbox row; 0 when there is none.
  std::string kept_result = {};  // For a duplicate.
};

// Borrowed for the length of a call.
struct NewEvent {
  const InboxEvent& event;
  std::optional<std::string_view> event_key = {};  // Absent: an event of its own.
};

struct ClaimedEvent {
  InboxEvent event;
  LeaseToken token;
};

struct EventCompletion {
  std::int64_t key = 0;
  LeaseToken token;
  InboxState state = InboxState::done;            // done, pending (again) or dead.
  std::optional<TimePoint> next_attempt_at = {};  // With pending.
  bool counts = true;                             // False for a snooze.
  std::string handler_result = {};
  std::string error = {};
};

// Of a source so many claims may be under way at once, in all processes together; a batch is
// one.
struct SourceLimit {
  std::string source;
  std::size_t most = 1;
};

struct EventsLike {
  std::string source;
  std::string pattern;  // core/event_pattern.h
};

struct EventClaim {
  std::size_t limit = 1;
  Duration lease{};
  std::span<const SourceLimit> limits = {};
  // Nothing but these: a batch. Of each rank the oldest kMostLookedAt are looked at.
  std::optional<EventsLike> only = {};
  // A batch that these join; its source has room for them.
  std::optional<LeaseToken> join = {};
};

inline constexpr std::size_t kMostLookedAt = 1000;

struct InboxFilter {
  std::optional<std::string> source = {};
  std::optional<std::string> pattern = {};  // Of the type; an event without one has "".
  std::optional<std::string> error = {};    // `last_error`, or what stands before its first ':'.
  std::optional<TimePoint> since = {};      // `updated_at`: of a dead one, when it died.
  std::optional<TimePoint> until = {};
  std::optional<InboxState> state = {};
  std::optional<std::int64_t> before_key = {};  // The cursor: older than this.
  std::size_t limit = 100;
};

struct InboxCounts {
  std::int64_t pending = 0, running = 0, done = 0, dead = 0;
};

// Safe to share between threads; a call returns when its change is durable.
class InboxStore {
 public:
  virtual ~InboxStore() = default;

  // In one transaction, for each event in its order: claims its key, stores it as
  // pending and completes the key with `kept_result`. Of two with one key the second
  // is a duplicate. All or nothing: an error says that none was stored.
  virtual Result<std::vector<AcceptResult>> accept_many(std::span<const NewEvent> events,
                                                        std::string_view kept_result, TimePoint now,
                                                        Duration time_to_live) = 0;

  Result<AcceptResult> accept(const InboxEvent& event, std::optional<std::string_view> event_key,
                              std::string_view kept_result, TimePoint now, Duration time_to_live) {
    const NewEvent one{event, event_key};
    auto results = accept_many({&one, 1}, kept_result, now, time_to_live);
    if (!results) return results.error();
    return std::move(results->front());
  }

  // pending → running for at most `limit` rows that are due, in the order of
  // core/lane_choice.h. Each has a token of its own, those of a batch one together. A row that
  // another program damaged is in nobody's way: it becomes dead (kDamagedError).
  virtual Result<std::vector<ClaimedEvent>> claim_due_events(const EventClaim& claim,
                                                             TimePoint now) = 0;

  Result<std::vector<ClaimedEvent>> claim_due_events(TimePoint now, std::size_t limit,
                                                     Duration lease) {
    return claim_due_events(EventClaim{.limit = limit, .lease = lease}, now);
  }

  // For each its own answer, in their order: ErrorCode::lease_lost when the row was reaped in
  // between. One transaction.
  virtual std::vector<Result<void>> complete_events(std::span<const EventCompletion> completions,
                                                    TimePoint now) = 0;

  Result<void> complete_event(const EventCompletion& completion, TimePoint now) {
    return std::move(complete_events({&completion, 1}, now).front());
  }

  // running → pending where the owner is gone or the lease ran out; dead after
  // kMaxInboxCrashes. Returns how many rows it took back.
  virtual Result<std::size_t> reap_events(TimePoint now) = 0;

  // The wall clock went ahead by `by`: what this process runs keeps the time that it had left.
  virtual Result<void> extend_own_event_leases(Duration by) = 0;
  // The wall clock may have gone back: what is not due and was written later than `now` waits
  // from now on for as long as it did then. Returns how many rows.
  virtual Result<std::size_t> restart_event_waits(TimePoint now) = 0;

  // Of sources that are at their limit nothing is due.
  virtual Result<std::optional<TimePoint>> next_event_due_at(
      std::span<const SourceLimit> limits = {}) = 0;

  virtual Result<std::optional<InboxEvent>> get_event(std::int64_t key) = 0;
  virtual Result<std::vector<InboxEvent>> list_events(const InboxFilter& filter) = 0;
  virtual Result<InboxCounts> count_events(const InboxFilter& filter) = 0;
  // Pending and running ones, of all sources or one; stops at `most`.
  virtual Result<std::size_t> count_inbox_backlog(
      std::size_t most, const std::optional<std::string>& source = {}) = 0;
  // From so many of those on accept() of this object fails with store_full; what was accepted
  // before is still a duplicate. About: see core/inbox_room.h. Absent: no bound.
  virtual void set_max_inbox(std::optional<std::int64_t> most) = 0;

  // dead → pending with a fresh budget; not_found, or conflict when it is not dead.
  virtual Result<void> replay_event(std::int64_t key, TimePoint now) = 0;
  // The same for dead ones of the filter, oldest first, at most filter.limit; looks at
  // `looks` of them after `place`, 0 at first and again when there are no more. Returns how many
  // it replayed.
  virtual Result<std::size_t> replay_events(const InboxFilter& filter, std::int64_t& place,
                                            std::size_t looks, TimePoint now) = 0;
  // Only what is done or dead; not_found, or conflict when it is neither. A repeat of it stays a
  // duplicate.
  virtual Result<void> delete_event(std::int64_t key) = 0;
  virtual Result<std::size_t> delete_events(const InboxFilter& filter, std::int64_t& place,
                                            std::size_t limit) = 0;
};

}  // namespace webhookcore
