// Endpoints, claims and answers for the tests of this folder.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/base/bytes.h"
#include "webhookcore/engine/dispatcher.h"
#include "webhookcore/engine/endpoint_cache.h"

namespace webhookcore::testing {

using namespace std::chrono_literals;

inline const TimePoint kStart{1'700'000'000s};
inline constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
inline constexpr const char* kOlderSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

// A wall clock that the test sets, beside time that only goes on.
class SettableClock final : public Clock {
 public:
  explicit SettableClock(TimePoint start) : wall_ms_(to_unix_ms(start)) {}
  TimePoint now() const override { return from_unix_ms(wall_ms_.load()); }
  Duration monotonic() const override { return Duration{passed_ms_.load()}; }
  void advance(Duration by) {
    passed_ms_ += by.count();
    wall_ms_ += by.count();
  }
  void set(TimePoint wall) { wall_ms_ = to_unix_ms(wall); }

 private:
  std::atomic<std::int64_t> wall_ms_;
  std::atomic<std::int64_t> passed_ms_{1'000'000};
};

inline Endpoint make_endpoint(std::string id = "ep_1") {
  return {.id = std::move(id),
          .url = "https://example.com/hook",
          .events = {"*"},
          .schemes = {"standard"},
          .secrets = {{.text = Secret(kSecret), .created_at = kStart}},
          .retry_schedule = {5s, 5min},
          .retry_jitter = 0.0,
          .created_at = kStart,
          .updated_at = kStart};
}

inline ReadyDelivery make_delivery(std::int64_t key,
                                   std::shared_ptr<const PreparedEndpoint> endpoint,
                                   Duration claimed_at = Duration{to_unix_ms(kStart)}) {
  ClaimedDelivery claimed{.key = key,
                          .token = {"token"},
                          .message = {.id = "msg_" + std::to_string(key),
                                      .type = "order.created",
                                      .body = R"({"id":7})",
                                      .created_at = kStart},
                          .endpoint_id = endpoint ? endpoint->row.id : "ep_deleted",
                          .trigger = "send"};
  return {std::move(claimed), std::move(endpoint), claimed_at};
}

inline std::vector<ReadyDelivery> make_deliveries(
    int count, const std::shared_ptr<const PreparedEndpoint>& endpoint, std::int64_t first = 1) {
  std::vector<ReadyDelivery> deliveries;
  for (int i = 0; i < count; ++i) deliveries.push_back(make_delivery(first + i, endpoint));
  return deliveries;
}

// As a user hands it in: without an id and a time.
inline NewMessage make_message() {
  NewMessage message;
  message.message.type = "order.created";
  message.message.body = R"({"id":7})";
  return message;
}

inline TransferResult answer(TransferId id, int status) {
  return {.id = id, .status = status, .duration = 20ms};
}

inline TransferResult broken(TransferId id, TransportError error) {
  return {.id = id, .error = error, .duration = 20ms};
}

inline std::string header_of(const HttpAttempt& attempt, std::string_view name) {
  std::string found;
  for (const OwnedHeader& header : attempt.headers) {
    if (equals_ignoring_case(header.name, name))
      found += found.empty() ? header.value : "," + header.value;
  }
  return found;
}

}  // namespace webhookcore::testing
