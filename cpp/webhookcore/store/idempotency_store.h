// Makes one event run once at a time: a claim that exactly one caller wins, held
// for a lease and fenced by a token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

struct ClaimKey {
  std::string_view source;
  std::string_view event_key;  // The event's id, or what marks sameness for its provider.
};

struct ClaimResult {
  enum class Kind : std::uint8_t {
    won,        // `token` is the caller's proof.
    running,    // Somebody holds it; `lease_expires_at` says how long at most.
    completed,  // `kept_result` is what the first run left.
  };
  Kind kind;
  LeaseToken token = {};
  std::string kept_result = {};
  std::optional<TimePoint> lease_expires_at = {};
};

// Safe to share between threads; a call returns when its change is durable.
class IdempotencyStore {
 public:
  virtual ~IdempotencyStore() = default;

  // Takes a key that is new, released, or held by a lease that ran out or whose
  // owner process is gone. Among any number of callers in any number of
  // processes one wins. A completed key older than its time to live is new.
  virtual Result<ClaimResult> claim(const ClaimKey& key, TimePoint now, Duration lease) = 0;

  // ErrorCode::lease_lost when the claim was taken over. `kept_result` is JSON.
  virtual Result<void> complete(const ClaimKey& key, const LeaseToken& token,
                                std::string_view kept_result, TimePoint now,
                                Duration time_to_live) = 0;

  // Gives the key back as if it had never been seen (the handler failed).
  virtual Result<void> release(const ClaimKey& key, const LeaseToken& token) = 0;

  // Deletes at most `limit` expired keys; returns how many.
  virtual Result<std::size_t> prune_keys(TimePoint now, std::size_t limit) = 0;
};

}  // namespace webhookcore
