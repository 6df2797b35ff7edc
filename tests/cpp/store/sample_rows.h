// Rows for tests, with literal times.
#pragma once

#include <chrono>
#include <string>

#include "catch.h"
#include "webhookcore/store/store.h"

namespace webhookcore::samples {

using namespace std::chrono_literals;

inline const TimePoint kNow = from_unix_ms(1'700'000'000'000);

inline Endpoint endpoint(const std::string& id, std::vector<std::string> events = {"*"},
                         std::optional<std::string> tenant = {}) {
  Endpoint made;
  made.id = id;
  made.tenant = std::move(tenant);
  made.url = "https://example.com/" + id;
  made.events = std::move(events);
  made.schemes = {"standard"};
  made.secrets = {{Secret("whsec_AAAA"), kNow}};
  made.retry_schedule = {5s, 300s};
  made.created_at = kNow;
  made.updated_at = kNow;
  return made;
}

inline NewMessage message(const std::string& id, const std::string& type = "order.created") {
  NewMessage made;
  made.message.id = id;
  made.message.type = type;
  made.message.body = "{\"id\":\"" + id + "\"}";
  made.message.created_at = kNow;
  made.fingerprint = "print of " + id;
  return made;
}

inline Result<Enqueued> enqueue(Store& store, const NewMessage& message, TimePoint now = kNow) {
  return std::move(store.enqueue({&message, 1}, now).front());
}

// Over the endpoint as it is stored now, whoever wrote it.
inline Result<TimePoint> overwrite(Store& store, Endpoint changed, TimePoint now = kNow) {
  const auto row = store.get_endpoint(changed.id);
  if (!row) return row.error();
  if (*row) changed.updated_at = (*row)->updated_at;
  return store.update_endpoint(changed, now);
}

inline AttemptRecord record(const ClaimedDelivery& claimed, DeliverySignal signal) {
  AttemptRecord made;
  made.delivery = claimed.key;
  made.token = claimed.token;
  made.signal = signal;
  made.endpoint_id = claimed.endpoint_id;
  made.attempt.started_at = kNow;
  made.attempt.duration = 12ms;
  made.attempt.url = "https://example.com/" + claimed.endpoint_id;
  made.attempt.trigger = claimed.trigger;
  made.attempt.status = signal == DeliverySignal::succeeded ? 200 : 500;
  made.attempt.outcome =
      signal == DeliverySignal::succeeded ? Outcome::delivered : Outcome::transient;
  return made;
}

inline Result<void> record_one(Store& store, const AttemptRecord& record, TimePoint now = kNow) {
  return std::move(store.record_attempts({&record, 1}, now).front());
}

// One message to the one endpoint that there is; the key of its delivery.
inline std::int64_t send_one(Store& store, const NewMessage& message, TimePoint now = kNow) {
  auto sent = enqueue(store, message, now);
  REQUIRE(sent);
  REQUIRE(sent->deliveries.size() == 1);
  return sent->deliveries.front();
}

inline ClaimedDelivery claim_one(Store& store, TimePoint now = kNow) {
  auto claimed = store.claim_due(now, 1, 60s);
  REQUIRE(claimed);
  REQUIRE(claimed->size() == 1);
  return claimed->front();
}

inline Delivery row_of(Store& store, std::int64_t key) {
  auto row = store.get_delivery(key);
  REQUIRE((row && *row));
  return **row;
}

inline InboxEvent event(const std::string& id, const std::string& source = "stripe") {
  InboxEvent made;
  made.source = source;
  made.provider = "stripe";
  made.event_id = id;
  made.type = "invoice.paid";
  made.body = "{\"id\":\"" + id + "\"}";
  made.received_at = kNow;
  return made;
}

}  // namespace webhookcore::samples
