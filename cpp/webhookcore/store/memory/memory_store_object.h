// The reference store. Each method group has a file of its own.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <mutex>

#include "webhookcore/base/random.h"
#include "webhookcore/core/inbox_room.h"
#include "webhookcore/store/memory/memory_rows.h"

namespace webhookcore::memory {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(Random& random) : random_(random) {}

  StoreInfo info() override { return {"memory", "", "", 0, ""}; }
  void close() override;
  // One mutex, and nothing that a power cut could spare: each call is an own transaction.
  Result<void> together(const std::function<void(Store&)>& calls) override;
  // No other process and no other object has these rows.
  Result<bool> lead() override;
  void stop_leading() override {}
  std::optional<std::int64_t> leader() override { return std::nullopt; }
  Result<void> check_keys() override { return {}; }

  // memory_keys.cpp
  Result<ClaimResult> claim(const ClaimKey& key, TimePoint now, Duration lease) override;
  Result<void> complete(const ClaimKey& key, const LeaseToken& token, std::string_view kept_result,
                        TimePoint now, Duration time_to_live) override;
  Result<void> release(const ClaimKey& key, const LeaseToken& token) override;
  Result<std::size_t> prune_keys(TimePoint now, std::size_t limit) override;

  // memory_inbox.cpp
  Result<std::vector<AcceptResult>> accept_many(std::span<const NewEvent> events,
                                                std::string_view kept_result, TimePoint now,
                                                Duration time_to_live) override;
  Result<std::vector<ClaimedEvent>> claim_due_events(const EventClaim& claim,
                                                     TimePoint now) override;
  std::vector<Result<void>> complete_events(std::span<const EventCompletion> completions,
                                            TimePoint now) override;
  Result<std::size_t> reap_events(TimePoint now) override;
  Result<void> extend_own_event_leases(Duration by) override;
  Result<std::size_t> restart_event_waits(TimePoint now) override;
  Result<std::optional<TimePoint>> next_event_due_at(std::span<const SourceLimit> limits) override;

  // memory_inbox_rows.cpp
  Result<std::optional<InboxEvent>> get_event(std::int64_t key) override;
  Result<std::vector<InboxEvent>> list_events(const InboxFilter& filter) override;
  Result<InboxCounts> count_events(const InboxFilter& filter) override;
  Result<std::size_t> count_inbox_backlog(std::size_t most,
                                          const std::optional<std::string>& source) override;
  void set_max_inbox(std::optional<std::int64_t> most) override;
  Result<void> replay_event(std::int64_t key, TimePoint now) override;
  Result<std::size_t> replay_events(const InboxFilter& filter, std::int64_t& place,
                                    std::size_t looks, TimePoint now) override;
  Result<void> delete_event(std::int64_t key) override;
  Result<std::size_t> delete_events(const InboxFilter& filter, std::int64_t& place,
                                    std::size_t limit) override;

  // memory_endpoints.cpp
  Result<void> create_endpoint(const Endpoint& endpoint) override;
  Result<std::optional<Endpoint>> get_endpoint(std::string_view id) override;
  Result<std::optional<Endpoint>> find_endpoint_by_uid(const Tenant& tenant,
                                                       std::string_view uid) override;
  Result<std::vector<Endpoint>> list_endpoints(const EndpointFilter& filter) override;
  Result<TimePoint> update_endpoint(const Endpoint& endpoint, TimePoint now) override;
  Result<void> delete_endpoint(std::string_view id, TimePoint now) override;
  Result<std::int64_t> endpoints_version() override;

  // memory_event_types.cpp
  Result<void> create_event_type(const EventType& type) override;
  Result<TimePoint> update_event_type(const EventType& type, TimePoint now) override;
  Result<void> delete_event_type(std::string_view name) override;
  Result<EventTypes> list_event_types() override;

  // memory_messages.cpp
  std::vector<Result<Enqueued>> enqueue(std::span<const NewMessage> messages,
                                        TimePoint now) override;
  Result<std::optional<Message>> get_message(std::string_view id) override;
  Result<std::vector<Message>> list_messages(const MessageFilter& filter) override;
  Result<PolledMessages> poll_messages(const PollFilter& filter) override;

  // memory_deliveries.cpp
  Result<std::vector<ClaimedDelivery>> claim_due(TimePoint now, std::size_t limit,
                                                 Duration lease) override;
  std::vector<Result<void>> record_attempts(std::span<const AttemptRecord> records,
                                            TimePoint now) override;
  Result<void> put_back(std::span<const PutBack> rows, TimePoint now) override;
  Result<std::size_t> reap_deliveries(TimePoint now) override;
  Result<void> extend_leases(Duration by) override;
  Result<std::size_t> restart_waits(TimePoint now) override;
  Result<bool> knows_later_than(TimePoint now) override;
  Result<void> note_time(TimePoint now) override;
  Result<std::optional<TimePoint>> next_due_at() override;
  Result<TimePoint> busy_until() override;
  Result<void> replay(std::int64_t delivery, bool force, TimePoint now) override;
  Result<void> cancel(std::int64_t delivery, TimePoint now) override;
  Result<void> delete_dead(std::int64_t delivery) override;

  // memory_replays.cpp
  Result<std::int64_t> count_replayable(const ReplayRequest& request, TimePoint now) override;
  Result<ReplayJob> begin_replay(const ReplayRequest& request, TimePoint now) override;
  Result<ReplayJob> work_replay(std::int64_t job, std::size_t limit, TimePoint now) override;
  Result<std::optional<ReplayJob>> find_abandoned_replay(TimePoint now) override;
  Result<std::optional<ReplayJob>> get_replay(std::int64_t job) override;
  Result<std::vector<ReplayJob>> list_replays(const ReplayJobFilter& filter) override;
  Result<std::size_t> delete_dead_letters(const DeliveryFilter& filter, std::int64_t& place,
                                          std::size_t limit) override;

  // memory_tenants.cpp
  Result<void> set_tenant_limits(std::string_view tenant, const TenantLimits& limits) override;
  Result<void> clear_tenant_limits(std::string_view tenant) override;
  Result<std::optional<TenantLimits>> get_tenant_limits(std::string_view tenant) override;
  Result<std::vector<TenantRow>> list_tenant_limits(const TenantFilter& filter) override;
  Result<std::size_t> count_tenant_backlog(std::string_view tenant, std::size_t most) override;

  // memory_upkeep.cpp
  Result<bool> prune(const PruneLimits& limits, PrunePlace& place, Pruned& pruned, TimePoint now,
                     Duration budget) override;
  Result<bool> give_back_pages(std::int64_t, std::int64_t) override { return false; }
  void checkpoint() override {}
  Result<StoreUse> measure_space() override;
  void set_quota(std::optional<std::int64_t> bytes) override;
  Result<std::size_t> reseal(std::int64_t& after, std::size_t limit) override;

  // memory_listings.cpp
  Result<std::optional<Delivery>> get_delivery(std::int64_t key) override;
  Result<std::vector<Delivery>> list_deliveries(const DeliveryFilter& filter) override;
  Result<std::vector<Attempt>> list_attempts(std::int64_t delivery) override;
  Result<DeliveryCounts> count_deliveries(const DeliveryFilter& filter) override;
  Result<std::size_t> count_backlog(std::size_t most) override;
  Result<bool> anything_in_flight() override;

  // memory_metrics.cpp
  Result<DeliveryMetrics> measure(const MetricsFilter& filter) override;
  // memory_health.cpp
  Result<std::optional<EndpointHealth>> get_endpoint_health(std::string_view id) override;
  Result<Probes> release_probes(Duration open_for, TimePoint now) override;
  Result<std::vector<EndpointTraffic>> recent_traffic(TimePoint since, std::size_t most) override;
  Result<std::optional<std::int64_t>> volume_until(TimePoint at) override;

  // memory_operations.cpp
  Result<void> add_operational_event(const OperationalEvent& event) override;
  Result<std::vector<OperationalEvent>> list_operational_events(
      const OperationalFilter& filter) override;
  Result<std::vector<OperationalEvent>> unread_operational_events(std::string_view reader,
                                                                  std::size_t limit) override;
  Result<void> start_operational_reader(std::string_view reader) override;
  Result<void> advance_operational_reader(std::string_view reader, std::int64_t key) override;
  Result<std::size_t> prune_operational_events(TimePoint before, std::size_t limit) override;

 private:
  // Holds the mutex for a whole call, or the error of a closed store.
  struct Entered {
    std::unique_lock<std::mutex> lock;
    std::optional<Error> error;
  };
  Entered enter();

  // These hold the mutex already.
  void move_replays_on(const std::string& endpoint_id, TimePoint now);
  AcceptResult accept_one(const NewEvent& event, std::string_view kept_result, TimePoint now,
                          Duration time_to_live);
  bool is_known(const std::string& source, std::string_view event_key, TimePoint now) const;
  Result<void> complete_one(const EventCompletion& completion, TimePoint now);
  // By source, those that have room for one more.
  std::map<std::string, std::size_t> rooms_of_sources(std::span<const SourceLimit> limits) const;
  std::size_t inbox_backlog(const std::optional<std::string>& source) const;
  // Of each endpoint that keeps an order, the delivery whose turn it is; absent while one
  // is in flight.
  using Lines = std::map<std::string, std::int64_t>;
  Lines lines() const;
  bool is_claimable(const DeliveryEntry& entry, const Lines& lines) const;
  // What is due, by rank and oldest first.
  std::array<std::deque<DeliveryEntry*>, kRanks> due_by_rank(TimePoint now);
  void take(DeliveryEntry& entry, const LeaseToken& token, TimePoint now, Duration lease);
  std::size_t suspects_in_flight() const;
  bool claim_round(std::vector<ClaimedDelivery>& claimed, const LeaseToken& token, TimePoint now,
                   std::size_t limit, Duration lease);
  // What expired while it was held: a claim would not come past it.
  void cancel_expired(TimePoint now);
  bool is_current(const std::string& endpoint_id, const AttemptRecord& record) const;
  const Endpoint* endpoint_of(const DeliveryEntry& entry) const;
  const Message* find_message(std::string_view id) const;
  bool matches(const DeliveryEntry& entry, const DeliveryFilter& filter) const;
  bool is_replayable(const DeliveryEntry& entry, const DeliveryFilter& filter, TimePoint now) const;
  void put_back_dead(DeliveryEntry& entry, DeliveryState to, TimePoint due, TimePoint now);
  DeliveryEntry& insert_delivery(const Message& message, const std::string& endpoint, TimePoint due,
                                 TimePoint now);
  // The endpoint of a request that asks for what was missed; nullptr when it is gone.
  const Endpoint* missed_by(const ReplayRequest& request) const;
  bool is_missed(const MissedEntry& missed, const Endpoint& endpoint, TimePoint since,
                 TimePoint until, TimePoint now) const;
  void work_letters(ReplayEntry& entry, std::size_t limit, TimePoint now);
  void work_missed(ReplayEntry& entry, TimePoint now);
  bool may_go(const Message& message, TimePoint before) const;
  void prune_messages(TimePoint before, Pruned& pruned);
  void prune_attempts(TimePoint before, Pruned& pruned);
  std::int64_t used_bytes() const;
  std::optional<Error> over_quota(TimePoint now);  // Tells operators, too.
  Result<Enqueued> enqueue_one(const NewMessage& message, TimePoint now);
  bool was_sent_before(const NewMessage& message, TimePoint now) const;
  TenantLimits limits_of(const Tenant& tenant) const;
  std::size_t tenant_backlog(std::string_view tenant) const;
  // What the limits of their tenants say to messages that come together.
  std::optional<Error> over_tenant_limits(std::span<const NewMessage> messages, TimePoint now);
  std::optional<Error> refusal_of(const std::string& tenant, TimePoint now);
  void count_for_tenant(const Tenant& tenant, std::span<const std::int64_t> deliveries);
  Result<void> record_one(const AttemptRecord& record, TimePoint now);
  // Leaves nobody's hands; pending for a deleted endpoint becomes cancelled.
  void settle(DeliveryEntry& entry, DeliveryState state, std::optional<TimePoint> next_attempt_at,
              TimePoint now);
  // memory_health.cpp
  void keep_health(const std::string& endpoint_id, const HealthChange& change, TimePoint now);
  void begin_epoch(const std::string& endpoint_id, TimePoint now);
  void release_line(const std::string& endpoint_id, TimePoint open_until, TimePoint now);
  bool breaker_is_open(const std::string& endpoint_id) const;
  std::vector<DeliveryEntry*> behind_breaker_of(const std::string& endpoint_id);
  void release_all(const std::string& endpoint_id, TimePoint now);
  // memory_operations.cpp
  void add_event(OperationalEvent event);
  void add_refusal_event(OperationalEvent event);
  OperationalEvent* last_told(const std::string& same);
  void add_endpoint_event(const std::string& endpoint_id, OperationalEvent event);
  void add_dead_event(const DeliveryEntry& entry, TimePoint now);
  // The entry when it is there, is in flight and the token is its claim's.
  DeliveryEntry* held(std::int64_t delivery, const LeaseToken& token);

  Random& random_;
  std::mutex mutex_;
  bool closed_ = false;
  std::int64_t quota_ = 0;  // Bytes; 0: none.
  Rows rows_;
  ClaimTurns turns_;
  ClaimTurns inbox_turns_;
  InboxRoom inbox_room_;
};

}  // namespace webhookcore::memory
