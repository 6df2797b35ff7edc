// When a claim that somebody holds is free again, and when taking one back kills
// the row. The stores ask here; none of them has a condition of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/delivery_state.h"

namespace webhookcore {

// What a store can see of the process that made a claim. SQLite asks the owner's
// process lock, which the system drops milliseconds after a SIGKILL; a store that
// cannot see processes says `unknown`, and the lease alone decides.
enum class ClaimOwner : std::uint8_t { alive, gone, unknown };

// The lease is the second bound: it frees what a living but stuck owner holds.
bool claim_is_free(ClaimOwner owner, TimePoint lease_expires_at, TimePoint now);

// The signal for a delivery that is taken back, `reaps` times before.
DeliverySignal reap_signal(int reaps);

// A delivery that was in hand when so many processes died may be what kills them. Few such are
// in hand at once: then the innocent ones, which were only claimed together with the one that
// kills, are sent one after the other and are not counted against to their end with it.
inline constexpr int kSuspectReaps = 5;
inline constexpr std::size_t kSuspectsAtOnce = 8;
bool is_suspect(int reaps);

// How many more suspects may be claimed.
class SuspectPlaces {
 public:
  explicit SuspectPlaces(std::size_t in_hand);
  // False: none is left.
  bool take();

 private:
  std::size_t left_;
};

// Whether a delivery must not be sent any more at `at`. Absent: never.
bool has_expired(std::optional<TimePoint> expires_at, TimePoint at);

// `last_error` of deliveries that no attempt ended.
inline constexpr std::string_view kCrashLoopError = "crash_loop";
inline constexpr std::string_view kExpiredError = "expired";
inline constexpr std::string_view kDamagedError = "damaged";

// Whether an inbox row that crashed its process `crashes` times before is dead now.
bool crashes_are_spent(int crashes);

}  // namespace webhookcore
