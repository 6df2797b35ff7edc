#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/row_fields.h"

namespace webhookcore {

using namespace row_fields;
using py::literals::operator""_a;

namespace {

constexpr const char* kInboxStates[] = {"pending", "running", "done", "dead"};

Priority inbox_priority(const std::string& name) {
  const auto priority = parse_priority(name);
  if (!priority) raise({ErrorCode::config, "must be high, normal or low", "priority"});
  return *priority;
}

}  // namespace

InboxState inbox_state_from(const std::string& name) {
  for (int i = 0; i < 4; ++i) {
    if (name == kInboxStates[i]) return static_cast<InboxState>(i);
  }
  raise({ErrorCode::config, "must be pending, running, done or dead", "state"});
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

}  // namespace webhookcore
