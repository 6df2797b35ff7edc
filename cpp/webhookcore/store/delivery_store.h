// Endpoints, messages, deliveries and attempts: what the delivery engine
// remembers. The store writes what core decided; it holds no rule of its own
// except that a completion needs its claim's token.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

struct EndpointFilter {
  std::optional<std::optional<std::string>> tenant = {};  // Absent: all tenants.
  std::optional<EndpointState> state = {};
  std::optional<std::string> after_id = {};  // The cursor.
  std::size_t limit = 100;
};

struct MessageFilter {
  std::optional<std::optional<std::string>> tenant = {};
  std::optional<std::string> type = {};
  std::optional<std::string> before_id = {};  // The cursor: newest first.
  std::size_t limit = 100;
};

struct DeliveryFilter {
  std::optional<std::optional<std::string>> tenant = {};
  std::optional<DeliveryState> state = {};
  std::optional<std::string> endpoint_id = {};
  std::optional<std::string> message_id = {};
  std::optional<std::string> type = {};
  std::optional<std::string> error = {};  // The last error's class.
  // By updated_at, which of a dead delivery is when it died.
  std::optional<TimePoint> since = {};
  std::optional<TimePoint> until = {};          // Not itself.
  std::optional<std::int64_t> before_key = {};  // The cursor: newest first.
  std::size_t limit = 100;
};

// What a consumer that fetches its messages has not seen yet.
struct PollFilter {
  std::optional<std::optional<std::string>> tenant = {};
  std::vector<std::string> events = {"*"};  // As an endpoint's.
  std::vector<std::string> channels = {};
  std::int64_t after_key = 0;  // The cursor: oldest first.
  std::size_t limit = 100;
};

struct PolledMessages {
  std::vector<Message> messages;
  // Where to go on. It passes what did not match, so that no call looks at that again.
  std::int64_t next_key = 0;
};

struct DeliveryCounts {
  std::int64_t pending = 0, in_flight = 0, delivered = 0, dead = 0, cancelled = 0;
};

inline constexpr std::size_t kMostPolled = 10'000;

// Safe to share between threads; a call returns when its change is durable.
class DeliveryStore {
 public:
  virtual ~DeliveryStore() = default;

  // conflict when the tenant already has an endpoint of that uid.
  virtual Result<void> create_endpoint(const Endpoint& endpoint) = 0;
  virtual Result<std::optional<Endpoint>> get_endpoint(std::string_view id) = 0;
  virtual Result<std::optional<Endpoint>> find_endpoint_by_uid(
      const std::optional<std::string>& tenant, std::string_view uid) = 0;
  virtual Result<std::vector<Endpoint>> list_endpoints(const EndpointFilter& filter) = 0;
  // A compare-and-set: conflict (field `updated_at`) when the stored row's updated_at is
  // no longer endpoint.updated_at. Returns the new one: `now`, or later where that would
  // not be after the old one. Every other change of the row moves it forward too.
  // not_found; conflict when another endpoint of the tenant has the uid.
  virtual Result<TimePoint> update_endpoint(const Endpoint& endpoint, TimePoint now) = 0;
  // Cancels what is pending for it, and what returns from an attempt under way;
  // delivered and dead rows stay. not_found.
  virtual Result<void> delete_endpoint(std::string_view id, TimePoint now) = 0;
  // Changes whenever an endpoint does, in any process: tells a cache to reload.
  virtual Result<std::int64_t> endpoints_version() = 0;

  // One transaction: the messages and a pending delivery, due now or at `deliver_at`, for
  // each enabled endpoint of the tenant whose patterns match the type. A repeated idempotency
  // key (same tenant, within 24 h) returns the first message; conflict when its
  // fingerprint differs, and then only that message fails; also (field
  // `event_types_version`) when the catalogue is no longer the one it was checked by.
  virtual std::vector<Result<Enqueued>> enqueue(std::span<const NewMessage> messages,
                                                TimePoint now) = 0;

  // pending → in_flight, in the order of claim_order.h and oldest due first within a rank,
  // at most `limit`, under one fresh token. Rows of a disabled endpoint are left alone, and
  // of an endpoint in order (`fifo`) all but the first that has not ended. What has expired
  // is cancelled instead, and lets the next in its line go.
  virtual Result<std::vector<ClaimedDelivery>> claim_due(TimePoint now, std::size_t limit,
                                                         Duration lease) = 0;

  // One group commit for all; a record whose token is stale fails alone with
  // lease_lost and changes nothing. The next in an endpoint's line goes in the same commit.
  virtual std::vector<Result<void>> record_attempts(std::span<const AttemptRecord> records,
                                                    TimePoint now) = 0;

  // in_flight → pending without counting: nothing was sent. Stale tokens are skipped.
  virtual Result<void> put_back(std::span<const PutBack> rows, TimePoint now) = 0;

  // in_flight → pending where the owner process is gone or the lease ran out; dead
  // (`crash_loop`) after kMaxReaps. Returns how many rows it took back.
  virtual Result<std::size_t> reap_deliveries(TimePoint now) = 0;

  // The wall clock went ahead by `by`: what is claimed keeps the time that it had left.
  virtual Result<void> extend_leases(Duration by) = 0;
  // The wall clock may have gone back: what is not due and was written later than `now` waits
  // from now on for as long as it did then (core/clock_jump.h). Returns how many rows.
  virtual Result<std::size_t> restart_waits(TimePoint now) = 0;
  // Whether that may have happened while nobody delivered: the newest message, or the time that
  // was noted last, is later than `now`. To be called often, unlike the one above, which walks
  // through all that waits.
  virtual Result<bool> knows_later_than(TimePoint now) = 0;
  virtual Result<void> note_time(TimePoint now) = 0;

  // The earliest next_attempt_at of all pending rows of enabled endpoints.
  virtual Result<std::optional<TimePoint>> next_due_at() = 0;

  // When the last of those comes back that only lacked room, whoever put them back.
  virtual Result<TimePoint> busy_until() = 0;

  // How many deliveries wait to be made, but never more than `most`: it costs what it
  // counts. Those of disabled endpoints do not count.
  virtual Result<std::size_t> count_backlog(std::size_t most) = 0;

  // Whether any process has a delivery in flight.
  virtual Result<bool> anything_in_flight() = 0;

  virtual Result<std::optional<Message>> get_message(std::string_view id) = 0;
  virtual Result<std::vector<Message>> list_messages(const MessageFilter& filter) = 0;
  // Messages become visible in the order of their keys, so that a consumer misses none
  // and sees none twice. Looks at no more than kMostPolled rows.
  virtual Result<PolledMessages> poll_messages(const PollFilter& filter) = 0;
  virtual Result<std::optional<Delivery>> get_delivery(std::int64_t key) = 0;
  virtual Result<std::vector<Delivery>> list_deliveries(const DeliveryFilter& filter) = 0;
  virtual Result<std::vector<Attempt>> list_attempts(std::int64_t delivery) = 0;
  virtual Result<DeliveryCounts> count_deliveries(const DeliveryFilter& filter) = 0;

  // dead → pending with a fresh budget. already_delivered when an attempt of the row was
  // ever a delivery and `force` is not set (then it is sent once more under the same
  // message id); conflict for any other state, and (field `expires_at`) when it has expired
  // and `force` is not set; by force an expiry that has passed is dropped. not_found, also
  // when its endpoint was deleted. In a line it stands where it was sent: before all that
  // was sent later.
  virtual Result<void> replay(std::int64_t delivery, bool force, TimePoint now) = 0;
  virtual Result<void> cancel(std::int64_t delivery,
                              TimePoint now) = 0;               // conflict unless pending.
  virtual Result<void> delete_dead(std::int64_t delivery) = 0;  // conflict unless dead.
};

}  // namespace webhookcore
