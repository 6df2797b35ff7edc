// What the stores keep: plain rows, the same for every backend. Times are UTC;
// text is UTF-8 except bodies and header values, which are bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/secret.h"
#include "webhookcore/core/claim_order.h"
#include "webhookcore/core/delivery_state.h"
#include "webhookcore/core/endpoint_health.h"
#include "webhookcore/core/headers.h"
#include "webhookcore/core/operational_event.h"
#include "webhookcore/core/outcome.h"

namespace webhookcore {

// ---- Sending -----------------------------------------------------------------

struct EndpointSecret {
  Secret text;  // As shown to the user: "whsec_…", "whsk_…" or plain.
  TimePoint created_at{};
  std::optional<TimePoint> expires_at = {};  // Set by rotation: signs until then.
};

enum class EndpointState : std::uint8_t { enabled, disabled };

struct Endpoint {
  std::string id;                          // "ep_" + ULID
  std::optional<std::string> tenant = {};  // Absent: the scope without a tenant, not all tenants.
  std::optional<std::string> uid = {};     // The user's own name for it, unique per tenant.
  std::string url;
  std::string description = {};
  std::vector<std::string> events;  // Patterns; `*` matches dots too.
  // Empty: every message. Otherwise only those that name one of them.
  std::vector<std::string> channels = {};
  // Names of built-in schemes and texts of the user's own (core/scheme_text.h); all sign.
  std::vector<std::string> schemes;
  std::vector<EndpointSecret> secrets;  // Newest first.
  std::vector<OwnedHeader> headers = {};
  std::vector<Duration> retry_schedule;
  double retry_jitter = 0.2;
  std::optional<int> max_attempts = {};  // Absent: the schedule's length + 1.
  Duration timeout{std::chrono::seconds{10}};
  std::optional<double> rate_limit_per_second = {};
  bool fifo = false;  // Its deliveries are made in send order, one at a time.
  // Absent: the client's default. Zero failures: no breaker.
  std::optional<int> breaker_failures = {};
  std::optional<Duration> breaker_open_for = {};
  ClientErrors client_errors = ClientErrors::die;
  EndpointState state = EndpointState::enabled;
  std::string disabled_reason = {};
  TimePoint created_at{};
  TimePoint updated_at{};
  // Sealed with a key that was not given: secrets and headers are missing here. Only in a list.
  bool unreadable = false;
};

// Strictly later than the last one, whatever the clock does, so that an endpoint's
// `updated_at` tells each state of its row from all others.
inline TimePoint next_update_at(TimePoint last, TimePoint now) {
  return std::max(now, last + Duration{1});
}

struct Message {
  std::string id;  // "msg_" + ULID
  std::optional<std::string> tenant = {};
  std::string type;
  std::string body;  // The exact bytes that are signed and sent.
  std::string content_type = "application/json";
  TimePoint created_at{};
  Priority priority = Priority::normal;
  std::optional<TimePoint> expires_at = {};  // Not sent at or after it. Absent: never.
  std::vector<std::string> channels = {};
  // Its place in the order in which messages became visible. Set by the store.
  std::int64_t key = 0;
};

struct NewMessage {
  Message message;
  std::optional<std::string> idempotency_key = {};
  // Digest of type, tenant and data as given (not of the envelope, whose
  // timestamp differs); compared when the key was seen before.
  std::string fingerprint = {};
  std::optional<TimePoint> deliver_at = {};  // The first attempt is not before it.
  // The catalogue that the type was looked up in; absent: it is sent whatever it is.
  std::optional<std::int64_t> event_types_version = {};
  // False: its tenant's limits do not refuse it, because it was accepted somewhere else before.
  bool refusable = true;
};

struct Enqueued {
  std::string message_id;  // The first one's id for a repeated idempotency key.
  bool duplicate = false;
  std::vector<std::int64_t> deliveries;  // Keys of the rows made now or then.
};

struct Delivery {
  std::int64_t key = 0;  // Shown as "dlv_<key>".
  std::string message_id;
  std::string endpoint_id;
  std::optional<std::string> tenant = {};
  std::string type;
  DeliveryState state = DeliveryState::pending;
  int attempts = 0;     // All that were made, over every replay.
  int budget_used = 0;  // Failures since the last replay: what the schedule counts.
  int reaps = 0;
  std::optional<TimePoint> next_attempt_at = {};  // Only while pending.
  std::optional<int> last_status = {};
  std::string last_error = {};  // Class of the last failure, or why it is dead.
  TimePoint created_at{};
  TimePoint updated_at{};
  std::optional<TimePoint> replayed_at = {};
  Priority priority = Priority::normal;
  std::optional<TimePoint> expires_at = {};  // The message's; a replay by force drops it.
};

// A claim of a batch: every row of it carries the same token, and no completion
// counts without it.
struct LeaseToken {
  std::string value;  // 16 random bytes, fresh for each claim call.
};

// Everything one attempt needs, read with the claim.
struct ClaimedDelivery {
  std::int64_t key = 0;
  LeaseToken token;
  Message message;
  std::string endpoint_id;  // Empty: its row or the message's is gone; nothing can be sent.
  int attempts = 0;
  int budget_used = 0;
  std::string trigger;  // "send", "retry" or "replay": what brought it here.
  int rank = 0;         // claim_order.h
  std::optional<TimePoint> expires_at = {};
};

struct AttemptPhases {  // Since the start of the attempt; absent: not reached.
  std::optional<Duration> dns = {};
  std::optional<Duration> connect = {};
  std::optional<Duration> tls = {};
  std::optional<Duration> first_byte = {};
};

struct Attempt {
  int number = 0;  // 1-based, over every replay. Set by the store.
  TimePoint started_at{};
  Duration duration{};
  std::string url;
  std::string dialled_address = {};
  std::optional<int> status = {};
  Outcome outcome = Outcome::transient;
  TransportError error = TransportError::none;
  std::string error_text = {};  // At most 200 bytes.
  AttemptPhases phases = {};
  std::vector<OwnedHeader> response_headers = {};
  std::string response_body = {};  // At most 4 KiB.
  std::string trigger;
};

// What an attempt made of its endpoint's health; only where that changed.
struct HealthChange {
  EndpointHealth health;
  bool opened = false;  // The breaker, by this attempt.
  bool closed = false;
};

// An attempt and what it makes of its delivery and its endpoint, as core decided.
struct AttemptRecord {
  std::int64_t delivery = 0;
  LeaseToken token;
  Attempt attempt;
  DeliverySignal signal = DeliverySignal::succeeded;
  std::optional<TimePoint> next_attempt_at = {};  // With retry_scheduled.
  std::string disable_reason = {};                // "gone", "failing"; empty: it stays enabled.
  std::string endpoint_id = {};
  // Kept even where the token is stale: the attempt was made.
  std::optional<HealthChange> health = {};
};

struct PutBack {
  std::int64_t delivery = 0;
  LeaseToken token;
  TimePoint next_attempt_at{};
  // Out of the due index until the endpoint's breaker closes, or it is let out to probe;
  // where the breaker is closed by now, an ordinary put-back.
  bool behind_breaker = false;
  // It is due, and waits for nothing but a place: until then nobody is idle.
  bool lacked_room = false;
};

// A type of the catalogue, which is one for all tenants.
struct EventType {
  std::string name;
  std::string description = {};
  std::string schema = {};  // JSON Schema as JSON; empty: any data.
  bool archived = false;    // Still known, and nothing is sent with it.
  TimePoint created_at{};
  TimePoint updated_at{};
};

struct EventTypes {
  std::int64_t version = 0;  // 0 exactly while the catalogue is empty.
  std::vector<EventType> types;
};

// ---- Receiving ---------------------------------------------------------------

enum class InboxState : std::uint8_t { pending, running, done, dead };

struct InboxEvent {
  std::int64_t key = 0;
  std::string source;
  std::string provider;
  std::optional<std::string> event_id = {};
  // What marked sameness when it was accepted. Absent: an event of its own.
  std::optional<std::string> event_key = {};
  std::optional<std::string> type = {};
  Priority priority = Priority::normal;
  std::string body;
  std::vector<OwnedHeader> headers = {};
  std::optional<TimePoint> timestamp = {};  // As signed.
  std::size_t matched_secret = 0;
  InboxState state = InboxState::pending;
  int attempts = 0;  // Handler runs that ended by raising.
  int crashes = 0;   // Runs whose process died.
  std::optional<TimePoint> next_attempt_at = {};
  std::string last_error = {};
  std::string handler_result = {};  // JSON, when it is done.
  TimePoint received_at{};
  TimePoint updated_at{};
};

}  // namespace webhookcore
