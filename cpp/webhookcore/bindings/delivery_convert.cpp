#include <pybind11/stl.h>

#include <string>

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/row_fields.h"

namespace webhookcore {

using namespace row_fields;
using py::literals::operator""_a;

py::dict to_dict(const Message& message) {
  return py::dict("id"_a = message.id, "tenant"_a = message.tenant, "type"_a = message.type,
                  "body"_a = py::bytes(message.body), "content_type"_a = text(message.content_type),
                  "created_at"_a = to_unix_ms(message.created_at),
                  "priority"_a = std::string(to_string(message.priority)),
                  "expires_at"_a = ms(message.expires_at), "channels"_a = message.channels);
}

py::dict to_dict(const Delivery& delivery) {
  return py::dict(
      "key"_a = delivery.key, "message_id"_a = delivery.message_id,
      "endpoint_id"_a = delivery.endpoint_id, "tenant"_a = delivery.tenant,
      "type"_a = delivery.type, "state"_a = std::string(to_string(delivery.state)),
      "attempts"_a = delivery.attempts, "next_attempt_at"_a = ms(delivery.next_attempt_at),
      "last_status"_a = delivery.last_status, "last_error"_a = text(delivery.last_error),
      "created_at"_a = to_unix_ms(delivery.created_at),
      "updated_at"_a = to_unix_ms(delivery.updated_at), "replayed_at"_a = ms(delivery.replayed_at),
      "priority"_a = std::string(to_string(delivery.priority)),
      "expires_at"_a = ms(delivery.expires_at));
}

py::dict to_dict(const DeliveryCounts& counts) {
  return py::dict("pending"_a = counts.pending, "in_flight"_a = counts.in_flight,
                  "delivered"_a = counts.delivered, "dead"_a = counts.dead,
                  "cancelled"_a = counts.cancelled);
}

py::dict to_dict(const Attempt& attempt) {
  const py::dict phases("dns"_a = ms(attempt.phases.dns), "connect"_a = ms(attempt.phases.connect),
                        "tls"_a = ms(attempt.phases.tls),
                        "first_byte"_a = ms(attempt.phases.first_byte));
  return py::dict(
      "number"_a = attempt.number, "started_at"_a = to_unix_ms(attempt.started_at),
      "duration"_a = attempt.duration.count(), "url"_a = attempt.url,
      "dialled_address"_a = text(attempt.dialled_address), "status"_a = attempt.status,
      "outcome"_a = std::string(to_string(attempt.outcome)),
      "error"_a = std::string(to_string(attempt.error)), "error_text"_a = text(attempt.error_text),
      "phases"_a = phases, "response_headers"_a = header_list(attempt.response_headers),
      "response_body"_a = py::bytes(attempt.response_body), "trigger"_a = attempt.trigger);
}

py::dict to_dict(const ReplayJob& job) {
  const ReplayRequest& request = job.request;
  const DeliveryFilter& letters = request.letters;
  const bool is_done = job.state == ReplayJobState::done;
  return py::dict(
      "key"_a = job.key, "state"_a = is_done ? "done" : "running", "any_tenant"_a = !letters.tenant,
      "tenant"_a = letters.tenant.value_or(std::nullopt), "endpoint_id"_a = letters.endpoint_id,
      "type"_a = letters.type, "error"_a = letters.error, "since"_a = ms(letters.since),
      "until"_a = ms(letters.until), "most"_a = request.most, "per_second"_a = request.per_second,
      "missed_since"_a = ms(request.missed_since), "matched"_a = job.matched,
      "replayed"_a = job.replayed, "missed"_a = job.missed,
      "created_at"_a = to_unix_ms(job.created_at), "updated_at"_a = to_unix_ms(job.updated_at));
}

py::dict to_dict(const OperationalEvent& event) {
  return py::dict("key"_a = event.key, "type"_a = event.type, "subject"_a = text(event.subject),
                  "tenant"_a = event.tenant, "endpoint_id"_a = event.endpoint_id,
                  "delivery"_a = event.delivery, "details"_a = text(event.details),
                  "at"_a = to_unix_ms(event.at), "repeats"_a = event.repeats,
                  "last_at"_a = to_unix_ms(event.last_at));
}

OperationalEvent operational_event_from(const py::dict& row) {
  OperationalEvent event;
  event.type = row["type"].cast<std::string>();
  event.subject = row["subject"].cast<std::string>();
  event.tenant = optional_at<std::string>(row, "tenant");
  event.endpoint_id = row["endpoint_id"].cast<std::string>();
  event.delivery = optional_at<std::int64_t>(row, "delivery");
  event.details = row["details"].cast<std::string>();
  event.at = from_unix_ms(row["at"].cast<std::int64_t>());
  return event;
}

}  // namespace webhookcore
