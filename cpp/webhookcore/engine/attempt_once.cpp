#include "webhookcore/engine/attempt_once.h"

#include <memory>
#include <utility>
#include <variant>

#include "webhookcore/engine/attempt_record.h"
#include "webhookcore/engine/attempt_request.h"

namespace webhookcore {

namespace {

// Past the deadline, for a loop that should have ended the transfer by itself.
constexpr Duration kSpare = std::chrono::seconds{1};

TransferResult transfer(Transport& transport, HttpAttempt attempt) {
  const Duration patience = attempt.timeout + kSpare;
  transport.start(1, std::move(attempt));
  auto ended = transport.poll(patience);
  if (ended.empty()) ended = transport.cancel_all();
  if (ended.empty()) return {.error = TransportError::cancelled};
  return std::move(ended.front());
}

Result<TransferResult> send(const TransportFactory& make_transport,
                            std::variant<HttpAttempt, Unsendable> request) {
  if (auto* unsendable = std::get_if<Unsendable>(&request)) {
    TransferResult unsent{.error = unsendable->error};
    unsent.error_text = std::move(unsendable->why);
    return unsent;
  }
  auto transport = make_transport();
  if (!transport.ok()) return transport.error();
  return transfer(**transport, std::get<HttpAttempt>(std::move(request)));
}

}  // namespace

Result<Attempt> attempt_once(const TransportFactory& make_transport, Endpoint endpoint,
                             Message message, const Clock& clock) {
  const TimePoint started_at = clock.now();
  const auto prepared = prepare_endpoint(std::move(endpoint), started_at);
  ClaimedDelivery delivery;
  delivery.message = std::move(message);
  delivery.endpoint_id = prepared->row.id;
  delivery.trigger = "test";
  auto sent = send(make_transport, make_attempt_request(*prepared, delivery.message, started_at));
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
