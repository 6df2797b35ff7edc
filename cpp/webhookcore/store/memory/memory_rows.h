// What the in-memory store holds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/core/backlog_room.h"
#include "webhookcore/core/rate_limit.h"
#include "webhookcore/core/replay_line.h"
#include "webhookcore/store/store.h"

namespace webhookcore::memory {

struct KeyEntry {
  bool completed = false;
  std::string token;
  TimePoint lease_expires_at{};
  TimePoint expires_at{};  // When completed.
  std::string kept_result;
  std::optional<std::int64_t> inbox_event;
};

struct InboxEntry {
  InboxEvent event;
  std::string token;
  TimePoint lease_expires_at{};
  bool deleted = false;  // By hand; the newest row keeps its place.
};

// dead → pending with a fresh budget. Defined in memory_inbox_rows.cpp.
void revive(InboxEntry& entry, TimePoint now);

struct DeliveryEntry {
  Delivery row;
  std::int64_t message = 0;  // Its key: the place in an endpoint's line.
  std::string trigger = "send";
  std::string token;
  TimePoint lease_expires_at{};
  std::vector<Attempt> attempts;
  bool counts_for_tenant = false;  // For its max_backlog.
  bool behind_breaker = false;     // Pending, and not due until the breaker lets it out.
};

struct HealthEntry {
  EndpointHealth health;
  TimePoint probe_at{};  // While the breaker is open or half open.
};

// Sent while the endpoint was disabled, whatever it subscribed to.
struct MissedEntry {
  std::string message;
  std::string endpoint;
  std::optional<TimePoint> deliver_at;
};

// Also of a row that was delivered, sent once more by force, and died then.
inline bool was_delivered(const DeliveryEntry& entry) {
  return entry.row.state == DeliveryState::delivered ||
         std::any_of(entry.attempts.begin(), entry.attempts.end(),
                     [](const Attempt& attempt) { return attempt.outcome == Outcome::delivered; });
}

// Whatever its state. Defined in memory_messages.cpp.
bool is_for(const Endpoint& endpoint, const Message& message);

struct SendKeyEntry {
  std::string message_id;
  std::string fingerprint;
  TimePoint expires_at{};
  std::vector<std::int64_t> deliveries;
};

struct ReplayEntry {
  ReplayJob job;
  bool letters_done = false;
  std::int64_t place = 0;  // The last delivery that was looked at.
  ReplayLine line;
};

using Tenant = std::optional<std::string>;

// What it took of its limits.
struct TenantUse {
  TokenBucket bucket;
  BacklogRoom room;
};

// One process, one mutex, no index: nobody else can hold a claim, so the lease
// alone says when it is free.
struct Rows {
  std::map<std::pair<std::string, std::string>, KeyEntry> keys;  // By source and event key.
  std::map<std::int64_t, InboxEntry> inbox;
  std::map<std::string, Endpoint> endpoints;
  std::int64_t endpoints_version = 1;
  std::map<std::string, EventType> event_types;
  std::int64_t event_types_changes = 0;
  std::map<std::string, HealthEntry> health;     // By endpoint.
  std::map<std::string, TimePoint> disabled_at;  // The same, while it is.
  std::vector<OperationalEvent> events;          // Oldest first.
  std::int64_t last_event = 0;
  std::map<std::string, std::int64_t, std::less<>> readers;
  std::vector<Message> messages;  // Oldest first.
  std::int64_t last_message = 0;
  std::map<std::int64_t, DeliveryEntry> deliveries;
  std::int64_t last_delivery = 0;
  std::map<std::pair<Tenant, std::string>, SendKeyEntry> send_keys;
  std::map<std::string, TenantLimits, std::less<>> tenants;  // By name; "" is the default.
  std::map<std::string, TenantUse, std::less<>> tenant_uses;
  std::vector<MissedEntry> missed;  // What no replay has made up for.
  std::map<std::int64_t, ReplayEntry> replays;
  TimePoint busy_until{};
  TimePoint noted_at{};  // As in note_time().
};

// As EventTypes::version.
std::int64_t event_types_version(const Rows& rows);

}  // namespace webhookcore::memory
