#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/row_fields.h"

namespace webhookcore {

using namespace row_fields;

namespace {

DeliveryState delivery_state(const std::string& name) {
  const auto state = parse_delivery_state(name);
  if (!state) {
    raise({ErrorCode::config, "must be pending, in_flight, delivered, dead or cancelled", "state"});
  }
  return *state;
}

template <typename Filter>
void set_limit(Filter& filter, const py::dict& row) {
  if (const auto limit = optional_at<std::size_t>(row, "limit")) filter.limit = *limit;
}

}  // namespace

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

InboxFilter inbox_filter_from(const py::dict& row) {
  InboxFilter filter;
  filter.source = optional_at<std::string>(row, "source");
  if (const auto state = optional_at<std::string>(row, "state")) {
    filter.state = inbox_state_from(*state);
  }
  filter.pattern = optional_at<std::string>(row, "type");
  filter.error = optional_at<std::string>(row, "error");
  filter.since = time_at(row, "since");
  filter.until = time_at(row, "until");
  filter.before_key = optional_at<std::int64_t>(row, "cursor");
  set_limit(filter, row);
  return filter;
}

ReplayRequest replay_request_from(const py::dict& row) {
  ReplayRequest request;
  request.letters = delivery_filter_from(row);
  request.most = optional_at<std::int64_t>(row, "most");
  request.per_second = optional_at<double>(row, "per_second");
  request.missed_since = time_at(row, "missed_since");
  return request;
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

}  // namespace webhookcore
