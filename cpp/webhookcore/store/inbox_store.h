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

struct InboxFilter {
  std::optional<std::string> source = {};
  std::optional<InboxState> state = {};
  std::optional<std::int64_t> before_key = {};  // The cursor: older than this.
  std::size_t limit = 100;
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

  // pending → running for at most `limit` rows that are due, oldest first.
  virtual Result<std::vector<ClaimedEvent>> claim_due_events(TimePoint now, std::size_t limit,
                                                             Duration lease) = 0;

  // ErrorCode::lease_lost when the row was reaped in between.
  virtual Result<void> complete_event(const EventCompletion& completion, TimePoint now) = 0;

  // running → pending where the owner is gone or the lease ran out; dead after
  // kMaxInboxCrashes. Returns how many rows it took back.
  virtual Result<std::size_t> reap_events(TimePoint now) = 0;

  virtual Result<std::optional<TimePoint>> next_event_due_at() = 0;
  virtual Result<std::optional<InboxEvent>> get_event(std::int64_t key) = 0;
  virtual Result<std::vector<InboxEvent>> list_events(const InboxFilter& filter) = 0;
  // dead → pending with a fresh budget; not_found, or conflict when it is not dead.
  virtual Result<void> replay_event(std::int64_t key, TimePoint now) = 0;
};

}  // namespace webhookcore
