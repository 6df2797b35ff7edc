// The states of a delivery and what moves it between them. The table here is
// the only one: stores write what it says and the diagram in the docs is made
// from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace webhookcore {

enum class DeliveryState : std::uint8_t { pending, in_flight, delivered, dead, cancelled };

enum class DeliverySignal : std::uint8_t {
  claimed,
  succeeded,        // 2xx
  retry_scheduled,  // Transient or throttled, schedule left.
  schedule_spent,
  failed_for_good,   // Permanent, gone, blocked address.
  put_back,          // Drain, breaker open, rate limit: nothing was sent.
  reaped,            // The owner is gone or the lease ran out.
  reaped_too_often,  // The same, for the kMaxReaps-th time.
  cancelled,         // By the user.
  expired,           // Its expires_at has passed, or the next attempt would be after it.
  replayed,
  replayed_by_force,  // Also what was delivered already: sent once more.
};

inline constexpr int kMaxReaps = 20;        // Then a delivery is dead, `crash_loop`.
inline constexpr int kMaxInboxCrashes = 3;  // The same for an inbox row.

struct Transition {
  DeliveryState from;
  DeliverySignal signal;
  DeliveryState to;
  bool counts_as_attempt;
};

std::span<const Transition> transitions();

// nullptr when the signal means nothing in that state.
const Transition* find_transition(DeliveryState from, DeliverySignal signal);

std::string_view to_string(DeliveryState state);
std::string_view to_string(DeliverySignal signal);
std::optional<DeliveryState> parse_delivery_state(std::string_view text);

}  // namespace webhookcore
