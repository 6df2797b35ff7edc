// Store rows as Python dicts and back. Times are Unix milliseconds (int), keys are
// the field names of rows.h; Python makes its dataclasses from them.
#pragma once

#include <pybind11/pybind11.h>

#include "webhookcore/store/delivery_store.h"
#include "webhookcore/store/inbox_store.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

pybind11::dict to_dict(const Endpoint& endpoint);  // Secrets included: Python hides them.
pybind11::dict to_dict(const Message& message);
pybind11::dict to_dict(const Delivery& delivery);
pybind11::dict to_dict(const Attempt& attempt);
pybind11::dict to_dict(const InboxEvent& event);

// KeyError or a cast error for a dict that to_dict() cannot have made: a mistake of
// our own Python, not of a user.
Endpoint endpoint_from(const pybind11::dict& row);
InboxEvent inbox_event_from(const pybind11::dict& row);

EndpointFilter endpoint_filter_from(const pybind11::dict& filter);
MessageFilter message_filter_from(const pybind11::dict& filter);
DeliveryFilter delivery_filter_from(const pybind11::dict& filter);
InboxFilter inbox_filter_from(const pybind11::dict& filter);

}  // namespace webhookcore
