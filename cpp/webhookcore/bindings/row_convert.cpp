#include "webhookcore/bindings/row_convert.h"

#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/convert.h"

namespace webhookcore {

namespace {

using py::literals::operator""_a;

py::object ms(const std::optional<TimePoint>& at) {
  return at ? py::cast(to_unix_ms(*at)) : py::none();
}
py::object ms(const std::optional<Duration>& wait) {
  return wait ? py::cast(wait->count()) : py::none();
}

template <typename T>
std::optional<T> optional_at(const py::dict& row, const char* name) {
  return row.contains(name) ? row[name].cast<std::optional<T>>() : std::nullopt;
}
std::optional<TimePoint> time_at(const py::dict& row, const char* name) {
  const auto value = optional_at<std::int64_t>(row, name);
  return value ? std::optional(from_unix_ms(*value)) : std::nullopt;
}
std::optional<Duration> wait_at(const py::dict& row, const char* name) {
  const auto value = optional_at<std::int64_t>(row, name);
  return value ? std::optional(Duration{*value}) : std::nullopt;
}
// Absent: any tenant. Present and None: the scope without a tenant.
std::optional<std::optional<std::string>> tenant_at(const py::dict& filter) {
  if (!filter.contains("tenant")) return std::nullopt;
  return filter["tenant"].cast<std::optional<std::string>>();
}

// Stored text that came from outside may be any bytes; nothing a peer sent may make
// the conversion fail.
py::str text(const std::string& bytes) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
}

py::list header_list(const std::vector<OwnedHeader>& headers) {
  py::list pairs;
  for (const OwnedHeader& header : headers) {
    pairs.append(py::make_tuple(py::bytes(header.name), py::bytes(header.value)));
  }
  return pairs;
}

std::vector<OwnedHeader> headers_from(const py::handle& pairs) {
  std::vector<OwnedHeader> headers;
  for (const auto& [name, value] : pairs.cast<std::vector<std::pair<py::bytes, py::bytes>>>()) {
    headers.push_back({std::string(name), std::string(value)});
  }
  return headers;
}

const char* name_of(EndpointState state) {
  return state == EndpointState::enabled ? "enabled" : "disabled";
}

constexpr const char* kInboxStates[] = {"pending", "running", "done", "dead"};

InboxState inbox_state(const std::string& name) {
  for (int i = 0; i < 4; ++i) {
    if (name == kInboxStates[i]) return static_cast<InboxState>(i);
  }
  raise({ErrorCode::config, "must be pending, running, done or dead", "state"});
}

Priority inbox_priority(const std::string& name) {
  const auto priority = parse_priority(name);
  if (!priority) raise({ErrorCode::config, "must be high, normal or low", "priority"});
  return *priority;
}

DeliveryState delivery_state(const std::string& name) {
  const auto state = parse_delivery_state(name);
  if (!state) {
    raise({ErrorCode::config, "must be pending, in_flight, delivered, dead or cancelled", "state"});
  }
  return *state;
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

template <typename Filter>
void set_limit(Filter& filter, const py::dict& row) {
  if (const auto limit = optional_at<std::size_t>(row, "limit")) filter.limit = *limit;
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

py::dict to_dict(const Message& message) {
  return py::dict("id"_a = message.id, "tenant"_a = message.tenant, "type"_a = message.type,
                  "body"_a = py::bytes(message.body), "content_type"_a = text(message.content_type),
                  "created_at"_a = to_unix_ms(message.created_at),
                  "priority"_a = std::string(to_string(message.priority)),
                  "expires_at"_a = ms(message.expires_at), "channels"_a = message.channels);
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

py::dict to_dict(const InboxEvent& event) {
  return py::dict(
      "key"_a = event.key, "source"_a = event.source, "provider"_a = event.provider,
      "event_id"_a = event.event_id, "event_key"_a = event.event_key, "type"_a = event.type,
      "priority"_a = std::string(to_string(event.priority)), "body"_a = py::bytes(event.body),
      "headers"_a = header_list(event.headers), "timestamp"_a = ms(event.timestamp),
      "matched_secret"_a = event.matched_secret,
      "state"_a = kInboxStates[static_cast<int>(event.state)], "attempts"_a = event.attempts,
      "crashes"_a = event.crashes, "next_attempt_at"_a = ms(event.next_attempt_at),
      "last_error"_a = text(event.last_error), "handler_result"_a = text(event.handler_result),
      "received_at"_a = to_unix_ms(event.received_at),
      "updated_at"_a = to_unix_ms(event.updated_at));
}

py::dict to_dict(const OperationalEvent& event) {
  return py::dict("key"_a = event.key, "type"_a = event.type, "subject"_a = text(event.subject),
                  "tenant"_a = event.tenant, "endpoint_id"_a = event.endpoint_id,
                  "delivery"_a = event.delivery, "details"_a = text(event.details),
                  "at"_a = to_unix_ms(event.at), "repeats"_a = event.repeats,
                  "last_at"_a = to_unix_ms(event.last_at));
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

InboxEvent inbox_event_from(const py::dict& row) {
  InboxEvent event;
  event.source = row["source"].cast<std::string>();
  event.provider = row["provider"].cast<std::string>();
  event.event_id = optional_at<std::string>(row, "event_id");
  event.type = optional_at<std::string>(row, "type");
  event.priority = inbox_priority(optional_at<std::string>(row, "priority").value_or("normal"));
  event.body = std::string(row["body"].cast<py::bytes>());
  event.headers = headers_from(row["headers"]);
  event.timestamp = time_at(row, "timestamp");
  event.matched_secret = row["matched_secret"].cast<std::size_t>();
  event.received_at = from_unix_ms(row["received_at"].cast<std::int64_t>());
  return event;
}

AcceptedRows::AcceptedRows(const std::vector<py::tuple>& rows) {
  events_.reserve(rows.size());
  for (const py::tuple& row : rows) {
    events_.emplace_back(inbox_event_from(row[0]), row[1].cast<std::optional<std::string>>());
  }
}

std::vector<NewEvent> AcceptedRows::borrowed() const {
  std::vector<NewEvent> events;
  events.reserve(events_.size());
  for (const auto& [event, key] : events_) events.push_back({event, key});
  return events;
}

py::tuple claim_tuple(const ClaimResult& result) {
  constexpr const char* kKinds[] = {"won", "running", "completed"};
  return py::make_tuple(
      kKinds[static_cast<int>(result.kind)], py::bytes(result.token.value),
      py::str(result.kept_result),
      result.lease_expires_at ? py::cast(to_unix_ms(*result.lease_expires_at)) : py::none());
}

py::list accepted_list(const std::vector<AcceptResult>& results) {
  constexpr const char* kKinds[] = {"accepted", "duplicate", "running", "revived"};
  py::list list;
  for (const AcceptResult& result : results) {
    list.append(py::make_tuple(kKinds[static_cast<int>(result.kind)], result.key,
                               py::str(result.kept_result)));
  }
  return list;
}

EndpointFilter endpoint_filter_from(const py::dict& row) {
  EndpointFilter filter;
  filter.tenant = tenant_at(row);
  if (const auto state = optional_at<std::string>(row, "state")) {
    filter.state = *state == "disabled" ? EndpointState::disabled : EndpointState::enabled;
  }
  filter.after_id = optional_at<std::string>(row, "cursor");
  set_limit(filter, row);
  return filter;
}

MessageFilter message_filter_from(const py::dict& row) {
  MessageFilter filter;
  filter.tenant = tenant_at(row);
  filter.type = optional_at<std::string>(row, "type");
  filter.before_id = optional_at<std::string>(row, "cursor");
  set_limit(filter, row);
  return filter;
}

MetricsFilter metrics_filter_from(const py::dict& row) {
  MetricsFilter filter;
  filter.tenant = tenant_at(row);
  filter.endpoint_id = optional_at<std::string>(row, "endpoint_id");
  filter.since = time_at(row, "since");
  filter.until = time_at(row, "until");
  return filter;
}

PollFilter poll_filter_from(const py::dict& row) {
  PollFilter filter;
  filter.tenant = tenant_at(row);
  filter.events = row["events"].cast<std::vector<std::string>>();
  filter.channels = row["channels"].cast<std::vector<std::string>>();
  filter.after_key = row["after"].cast<std::int64_t>();
  filter.limit = row["limit"].cast<std::size_t>();
  return filter;
}

DeliveryFilter delivery_filter_from(const py::dict& row) {
  DeliveryFilter filter;
  filter.tenant = tenant_at(row);
  if (const auto state = optional_at<std::string>(row, "state")) {
    filter.state = delivery_state(*state);
  }
  filter.endpoint_id = optional_at<std::string>(row, "endpoint_id");
  filter.message_id = optional_at<std::string>(row, "message_id");
  filter.type = optional_at<std::string>(row, "type");
  filter.error = optional_at<std::string>(row, "error");
  filter.since = time_at(row, "since");
  filter.until = time_at(row, "until");
  filter.before_key = optional_at<std::int64_t>(row, "cursor");
  set_limit(filter, row);
  return filter;
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

ReplayRequest replay_request_from(const py::dict& row) {
  ReplayRequest request;
  request.letters = delivery_filter_from(row);
  request.most = optional_at<std::int64_t>(row, "most");
  request.per_second = optional_at<double>(row, "per_second");
  request.missed_since = time_at(row, "missed_since");
  return request;
}

OperationalFilter operational_filter_from(const py::dict& row) {
  OperationalFilter filter;
  filter.tenant = tenant_at(row);
  filter.type = optional_at<std::string>(row, "type");
  filter.endpoint_id = optional_at<std::string>(row, "endpoint_id");
  filter.since = time_at(row, "since");
  filter.before_key = optional_at<std::int64_t>(row, "cursor");
  set_limit(filter, row);
  return filter;
}

ReplayJobFilter replay_filter_from(const py::dict& row) {
  ReplayJobFilter filter;
  if (const auto state = optional_at<std::string>(row, "state")) {
    filter.state = *state == "done" ? ReplayJobState::done : ReplayJobState::running;
  }
  filter.before_key = optional_at<std::int64_t>(row, "cursor");
  set_limit(filter, row);
  return filter;
}

InboxFilter inbox_filter_from(const py::dict& row) {
  InboxFilter filter;
  filter.source = optional_at<std::string>(row, "source");
  if (const auto state = optional_at<std::string>(row, "state")) {
    filter.state = inbox_state(*state);
  }
  filter.pattern = optional_at<std::string>(row, "type");
  filter.error = optional_at<std::string>(row, "error");
  filter.since = time_at(row, "since");
  filter.until = time_at(row, "until");
  filter.before_key = optional_at<std::int64_t>(row, "cursor");
  set_limit(filter, row);
  return filter;
}

}  // namespace webhookcore
