#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/row_fields.h"

namespace webhookcore {

using namespace row_fields;
using py::literals::operator""_a;

namespace {

const char* name_of(EndpointState state) {
  return state == EndpointState::enabled ? "enabled" : "disabled";
}

py::list secret_list(const std::vector<EndpointSecret>& secrets) {
  py::list rows;
  for (const EndpointSecret& secret : secrets) {
    rows.append(py::dict("text"_a = py::bytes(std::string(secret.text.reveal())),
                         "created_at"_a = to_unix_ms(secret.created_at),
                         "expires_at"_a = ms(secret.expires_at)));
  }
  return rows;
}

std::vector<EndpointSecret> secrets_from(const py::handle& rows) {
  std::vector<EndpointSecret> secrets;
  for (const py::handle row_handle : rows) {
    const auto row = row_handle.cast<py::dict>();
    secrets.push_back({Secret(std::string_view(row["text"].cast<py::bytes>())),
                       from_unix_ms(row["created_at"].cast<std::int64_t>()),
                       time_at(row, "expires_at")});
  }
  return secrets;
}

std::vector<std::int64_t> schedule_ms(const std::vector<Duration>& schedule) {
  std::vector<std::int64_t> waits;
  for (const Duration wait : schedule) waits.push_back(wait.count());
  return waits;
}

}  // namespace

py::dict to_dict(const Endpoint& endpoint) {
  return py::dict(
      "id"_a = endpoint.id, "tenant"_a = endpoint.tenant, "uid"_a = endpoint.uid,
      "url"_a = endpoint.url, "description"_a = text(endpoint.description),
      "events"_a = endpoint.events, "channels"_a = endpoint.channels,
      "schemes"_a = endpoint.schemes, "secrets"_a = secret_list(endpoint.secrets),
      "headers"_a = header_list(endpoint.headers),
      "retry_schedule"_a = schedule_ms(endpoint.retry_schedule),
      "retry_jitter"_a = endpoint.retry_jitter, "max_attempts"_a = endpoint.max_attempts,
      "timeout"_a = endpoint.timeout.count(),
      "rate_limit_per_second"_a = endpoint.rate_limit_per_second, "fifo"_a = endpoint.fifo,
      "breaker_failures"_a = endpoint.breaker_failures,
      "breaker_open_for"_a = ms(endpoint.breaker_open_for),
      "client_errors"_a = endpoint.client_errors == ClientErrors::retry ? "retry" : "die",
      "state"_a = name_of(endpoint.state), "disabled_reason"_a = text(endpoint.disabled_reason),
      "created_at"_a = to_unix_ms(endpoint.created_at),
      "updated_at"_a = to_unix_ms(endpoint.updated_at), "unreadable"_a = endpoint.unreadable);
}

Endpoint endpoint_from(const py::dict& row) {
  Endpoint endpoint;
  endpoint.id = row["id"].cast<std::string>();
  endpoint.tenant = optional_at<std::string>(row, "tenant");
  endpoint.uid = optional_at<std::string>(row, "uid");
  endpoint.url = row["url"].cast<std::string>();
  endpoint.description = row["description"].cast<std::string>();
  endpoint.events = row["events"].cast<std::vector<std::string>>();
  endpoint.channels = row["channels"].cast<std::vector<std::string>>();
  endpoint.schemes = row["schemes"].cast<std::vector<std::string>>();
  endpoint.secrets = secrets_from(row["secrets"]);
  endpoint.headers = headers_from(row["headers"]);
  for (const std::int64_t wait : row["retry_schedule"].cast<std::vector<std::int64_t>>()) {
    endpoint.retry_schedule.emplace_back(wait);
  }
  endpoint.retry_jitter = row["retry_jitter"].cast<double>();
  endpoint.max_attempts = optional_at<int>(row, "max_attempts");
  endpoint.timeout = Duration{row["timeout"].cast<std::int64_t>()};
  endpoint.rate_limit_per_second = optional_at<double>(row, "rate_limit_per_second");
  endpoint.fifo = row["fifo"].cast<bool>();
  endpoint.breaker_failures = optional_at<int>(row, "breaker_failures");
  endpoint.breaker_open_for = wait_at(row, "breaker_open_for");
  endpoint.client_errors =
      row["client_errors"].cast<std::string>() == "retry" ? ClientErrors::retry : ClientErrors::die;
  endpoint.state = row["state"].cast<std::string>() == "disabled" ? EndpointState::disabled
                                                                  : EndpointState::enabled;
  endpoint.disabled_reason = row["disabled_reason"].cast<std::string>();
  endpoint.created_at = from_unix_ms(row["created_at"].cast<std::int64_t>());
  endpoint.updated_at = from_unix_ms(row["updated_at"].cast<std::int64_t>());
  return endpoint;
}

py::dict to_dict(const EndpointHealth& health, TimePoint now) {
  // What was stored as open is; how many failures it takes and for how long is past.
  const BreakerRule any{.failures = 1, .open_for = Duration::max() / 2};
  const auto state = state_of(health.breaker, any, now);
  return py::dict(
      "state"_a = std::string(to_string(state)), "open_until"_a = ms(health.breaker.open_until),
      "trips"_a = health.breaker.trips, "failures_in_a_row"_a = health.breaker.failures_in_a_row,
      "failing_since"_a = ms(health.failing_since),
      "last_failure_at"_a = ms(health.last_failure_at), "recovered_at"_a = ms(health.recovered_at));
}

py::dict to_dict(const EventType& type) {
  return py::dict("name"_a = type.name, "description"_a = text(type.description),
                  "schema"_a = text(type.schema), "archived"_a = type.archived,
                  "created_at"_a = to_unix_ms(type.created_at),
                  "updated_at"_a = to_unix_ms(type.updated_at));
}

EventType event_type_from(const py::dict& row) {
  return {.name = row["name"].cast<std::string>(),
          .description = row["description"].cast<std::string>(),
          .schema = row["schema"].cast<std::string>(),
          .archived = row["archived"].cast<bool>(),
          .created_at = from_unix_ms(row["created_at"].cast<std::int64_t>()),
          .updated_at = from_unix_ms(row["updated_at"].cast<std::int64_t>())};
}

}  // namespace webhookcore
