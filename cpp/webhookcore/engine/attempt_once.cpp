#include "webhookcore/engine/attempt_once.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "webhookcore/engine/attempt_record.h"
#include "webhookcore/engine/attempt_request.h"

namespace webhookcore {

namespace {

// Past the deadline, for a loop that should have ended the transfer by itself.
constexpr Duration kSpare = std::chrono::seconds{1};
// Between two looks at whether to go on.
constexpr Duration kLook{100};

using ShouldEnd = std::function<bool()>;

TransferResult transfer(Transport& transport, HttpAttempt attempt, const ShouldEnd& should_end) {
  Duration left = attempt.timeout + kSpare;
  const auto ends = std::chrono::steady_clock::now() + left;
  transport.start(1, std::move(attempt));
  std::vector<TransferResult> ended;
  while (ended.empty() && left > Duration{} && !(should_end && should_end())) {
    ended = transport.poll(std::min(left, kLook));
    left = std::chrono::ceil<Duration>(ends - std::chrono::steady_clock::now());
  }
  if (ended.empty()) ended = transport.cancel_all();
  if (ended.empty()) return {.error = TransportError::cancelled};
  return std::move(ended.front());
}

Result<TransferResult> send(const TransportFactory& make_transport,
                            std::variant<HttpAttempt, Unsendable> request,
                            const ShouldEnd& should_end) {
  if (auto* unsendable = std::get_if<Unsendable>(&request)) {
    TransferResult unsent{.error = unsendable->error};
    unsent.error_text = std::move(unsendable->why);
    return unsent;
  }
  auto transport = make_transport();
  if (!transport.ok()) return transport.error();
  return transfer(**transport, std::get<HttpAttempt>(std::move(request)), should_end);
}

}  // namespace

Result<Attempt> attempt_once(const TransportFactory& make_transport, Endpoint endpoint,
                             Message message, const Clock& clock,
                             const std::function<bool()>& should_end) {
  const TimePoint started_at = clock.now();
  const auto prepared = prepare_endpoint(std::move(endpoint), started_at);
  ClaimedDelivery delivery;
  delivery.message = std::move(message);
  delivery.endpoint_id = prepared->row.id;
  delivery.trigger = "test";
  auto sent = send(make_transport, make_attempt_request(*prepared, delivery.message, started_at),
                   should_end);
  if (!sent.ok()) return sent.error();
  auto concluded = conclude_attempt({.delivery = delivery,
                                     .endpoint = prepared->row,
                                     .retry_after_max = Duration{},
                                     .started_at = started_at,
                                     .now = clock.now(),
                                     .draw = 0},
                                    std::move(*sent));
  return std::move(concluded.record.attempt);
}

}  // namespace webhookcore
