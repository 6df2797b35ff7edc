// The catalogue of event types: what a sender may send and an endpoint subscribe to.
#pragma once

#include <string_view>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

// Safe to share between threads; a call returns when its change is durable.
class EventTypeStore {
 public:
  virtual ~EventTypeStore() = default;

  // conflict when there is one of that name.
  virtual Result<void> create_event_type(const EventType& type) = 0;
  // A compare-and-set, as DeliveryStore::update_endpoint is. not_found.
  virtual Result<TimePoint> update_event_type(const EventType& type, TimePoint now) = 0;
  virtual Result<void> delete_event_type(std::string_view name) = 0;  // not_found.
  // All of them by name, and the version that they are.
  virtual Result<EventTypes> list_event_types() = 0;
};

}  // namespace webhookcore
