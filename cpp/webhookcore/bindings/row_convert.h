// Store rows as Python dicts and back. Times are Unix milliseconds (int), keys are
// the field names of rows.h; Python makes its dataclasses from them.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/store/delivery_store.h"
#include "webhookcore/store/event_type_store.h"
#include "webhookcore/store/idempotency_store.h"
#include "webhookcore/store/inbox_store.h"
#include "webhookcore/store/metrics_store.h"
#include "webhookcore/store/operational_store.h"
#include "webhookcore/store/replay_store.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

pybind11::dict to_dict(const Endpoint& endpoint);  // Secrets included: Python hides them.
pybind11::dict to_dict(const Message& message);
pybind11::dict to_dict(const Delivery& delivery);
pybind11::dict to_dict(const DeliveryCounts& counts);
pybind11::dict to_dict(const Attempt& attempt);
pybind11::dict to_dict(const InboxEvent& event);
pybind11::dict to_dict(const EventType& type);
pybind11::dict to_dict(const OperationalEvent& event);
// As it is at `now`: an open breaker is half open when its time is over.
pybind11::dict to_dict(const EndpointHealth& health, TimePoint now);
pybind11::dict to_dict(const ReplayJob& job);

// KeyError or a cast error for a dict that to_dict() cannot have made: a mistake of
// our own Python, not of a user.
Endpoint endpoint_from(const pybind11::dict& row);
InboxEvent inbox_event_from(const pybind11::dict& row);
EventType event_type_from(const pybind11::dict& row);
OperationalEvent operational_event_from(const pybind11::dict& row);

// ConfigError for no such state.
InboxState inbox_state_from(const std::string& name);

// The events of (row, event key) tuples.
class AcceptedRows {
 public:
  explicit AcceptedRows(const std::vector<pybind11::tuple>& rows);
  std::vector<NewEvent> borrowed() const;

 private:
  std::vector<std::pair<InboxEvent, std::optional<std::string>>> events_;
};

// (kind, token, kept_result, lease_expires_at)
pybind11::tuple claim_tuple(const ClaimResult& result);
// (kind, inbox key, kept_result) of each.
pybind11::list accepted_list(const std::vector<AcceptResult>& results);

EndpointFilter endpoint_filter_from(const pybind11::dict& filter);
MessageFilter message_filter_from(const pybind11::dict& filter);
MetricsFilter metrics_filter_from(const pybind11::dict& filter);
PollFilter poll_filter_from(const pybind11::dict& filter);
DeliveryFilter delivery_filter_from(const pybind11::dict& filter);
OperationalFilter operational_filter_from(const pybind11::dict& filter);
InboxFilter inbox_filter_from(const pybind11::dict& filter);
ReplayRequest replay_request_from(const pybind11::dict& request);
ReplayJobFilter replay_filter_from(const pybind11::dict& filter);

}  // namespace webhookcore
