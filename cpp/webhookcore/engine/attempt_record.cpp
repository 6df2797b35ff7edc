#include "webhookcore/engine/attempt_record.h"

#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/next_step.h"

namespace webhookcore {

namespace {

std::optional<Duration> retry_after_of(const TransferResult& result, TimePoint now) {
  for (const OwnedHeader& header : result.response_headers) {
    if (equals_ignoring_case(header.name, "retry-after")) {
      return parse_retry_after(header.value, now);
    }
  }
  return std::nullopt;
}

Attempt make_attempt(const AttemptContext& context, TransferResult result, Outcome outcome) {
  return {.number = context.delivery.attempts + 1,
          .started_at = context.started_at,
          .duration = result.duration,
          .url = context.endpoint.url,
          .dialled_address = std::move(result.dialled_address),
          .status = result.status,
          .outcome = outcome,
          .error = result.error,
          .error_text = std::move(result.error_text),
          .phases = {.dns = result.phases.dns,
                     .connect = result.phases.connect,
                     .tls = result.phases.tls,
                     .first_byte = result.phases.first_byte},
          .response_headers = std::move(result.response_headers),
          .response_body = std::move(result.response_body),
          .trigger = context.delivery.trigger};
}

AttemptEvent make_event(const AttemptContext& context, const Attempt& attempt,
                        const NextStep& step) {
  const Transition* moved = find_transition(DeliveryState::in_flight, step.signal);
  return {.delivery = context.delivery.key,
          .message_id = context.delivery.message.id,
          .endpoint_id = context.endpoint.id,
          .type = context.delivery.message.type,
          .attempt = attempt.number,
          .status = attempt.status,
          .outcome = attempt.outcome,
          .error = attempt.error,
          .error_text = attempt.error_text,
          .duration = attempt.duration,
          .state = moved->to,
          .next_attempt_at = step.next_attempt_at,
          .at = context.started_at};
}

}  // namespace

ConcludedAttempt conclude_attempt(const AttemptContext& context, TransferResult result) {
  const RetryPolicy policy{.schedule = context.endpoint.retry_schedule,
                           .jitter = context.endpoint.retry_jitter,
                           .retry_after_max = context.retry_after_max,
                           .max_attempts = context.endpoint.max_attempts};
  const Outcome outcome = judge(result.status, result.error, context.endpoint.client_errors);
  const NextStep step = next_step({.outcome = outcome,
                                   .failures = context.delivery.budget_used + 1,
                                   .retry_after = retry_after_of(result, context.now),
                                   .expires_at = context.delivery.expires_at,
                                   .now = context.now},
                                  policy, context.draw);

  ConcludedAttempt concluded;
  AttemptRecord& record = concluded.record;
  record.delivery = context.delivery.key;
  record.token = context.delivery.token;
  record.signal = step.signal;
  record.next_attempt_at = step.next_attempt_at;
  if (step.disables_endpoint) record.disable_reason = to_string(outcome);
  record.endpoint_id = context.endpoint.id;
  record.attempt = make_attempt(context, std::move(result), outcome);
  concluded.event = make_event(context, record.attempt, step);
  return concluded;
}

}  // namespace webhookcore
