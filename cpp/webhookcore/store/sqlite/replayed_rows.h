// What a replay writes: a dead letter goes back, or a delivery is made of a message of the
// past that its endpoint missed while it was disabled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/store/sqlite/connection.h"
#include "webhookcore/store/sqlite/delivery_rows.h"

namespace webhookcore::sqlite {

// The row becomes `to`, pending, with a fresh budget, due at `due`.
Result<void> replay_delivery(Connection& connection, DeliveryRow& row, DeliveryState to,
                             TimePoint due, TimePoint now);
// Whether any attempt of it was ever a delivery.
Result<bool> was_delivered(Connection& connection, std::int64_t delivery);
// A dead letter with its attempts.
Result<void> erase_delivery(Connection& connection, std::int64_t delivery);

// An endpoint that may have missed messages.
struct PausedEndpoint {
  std::int64_t key = 0;
  bool fifo = false;
  std::optional<std::string> tenant = {};
  std::vector<std::string> patterns = {};
  std::vector<std::string> channels = {};
};

// nullopt when there is no such endpoint.
Result<std::optional<PausedEndpoint>> find_paused(Connection& connection, std::string_view id);

struct MissedMessage {
  std::int64_t key = 0;
  Priority priority = Priority::normal;
  std::optional<TimePoint> deliver_at = {};
  std::optional<TimePoint> expires_at = {};
};

// Looks at no more than `limit` of the messages after `place` that were sent while the endpoint
// was disabled, and moves `place` on.
struct MissedPage {
  // Sent in the given time, subscribed to, not expired, not made up for.
  std::vector<MissedMessage> messages = {};
  bool is_last = false;
};
Result<MissedPage> read_missed(Connection& connection, const PausedEndpoint& endpoint,
                               TimePoint since, TimePoint until, TimePoint now, std::int64_t& place,
                               std::size_t limit);

// Due at `due`, or at the message's own `deliver_at` where that is later.
Result<void> insert_late_delivery(Connection& connection, const MissedMessage& message,
                                  const PausedEndpoint& endpoint, TimePoint due, TimePoint now);

}  // namespace webhookcore::sqlite
