// The store's face on a database file. Each method group has a file of its own.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "webhookcore/core/inbox_room.h"
#include "webhookcore/store/sqlite/database.h"
#include "webhookcore/store/store.h"

namespace webhookcore::sqlite {

// A row that is due at another time because the clock was set.
struct MovedWait {
  std::int64_t key = 0;
  TimePoint due;
};

// One holder of a Database; several may share it.
class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}
  // What together() gives out: no holder, and as long as the transaction lives.
  SqliteStore(std::shared_ptr<Database> database, Connection& transaction)
      : database_(std::move(database)), transaction_(&transaction) {}
  ~SqliteStore() override { close_once(); }
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  // sqlite_store.cpp
  StoreInfo info() override;
  void close() override { close_once(); }
  Result<void> together(const std::function<void(Store&)>& calls) override;
  Result<bool> lead() override;
  void stop_leading() override { database_->stop_leading(this); }
  std::optional<std::int64_t> leader() override { return database_->leader(); }
  Result<void> check_keys() override;

  // idempotency_store.cpp
  Result<ClaimResult> claim(const ClaimKey& key, TimePoint now, Duration lease) override;
  Result<void> complete(const ClaimKey& key, const LeaseToken& token, std::string_view kept_result,
                        TimePoint now, Duration time_to_live) override;
  Result<void> release(const ClaimKey& key, const LeaseToken& token) override;
  Result<std::size_t> prune_keys(TimePoint now, std::size_t limit) override;

  // inbox_accept.cpp
  Result<std::vector<AcceptResult>> accept_many(std::span<const NewEvent> events,
                                                std::string_view kept_result, TimePoint now,
                                                Duration time_to_live) override;

  // inbox_claims.cpp
  Result<std::vector<ClaimedEvent>> claim_due_events(const EventClaim& claim,
                                                     TimePoint now) override;
  std::vector<Result<void>> complete_events(std::span<const EventCompletion> completions,
                                            TimePoint now) override;
  Result<std::size_t> reap_events(TimePoint now) override;
  Result<void> extend_own_event_leases(Duration by) override;
  Result<std::size_t> restart_event_waits(TimePoint now) override;
  Result<std::optional<TimePoint>> next_event_due_at(std::span<const SourceLimit> limits) override;

  // inbox_store.cpp
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

  // endpoint_store.cpp
  Result<void> create_endpoint(const Endpoint& endpoint) override;
  Result<std::optional<Endpoint>> get_endpoint(std::string_view id) override;
  Result<std::optional<Endpoint>> find_endpoint_by_uid(const std::optional<std::string>& tenant,
                                                       std::string_view uid) override;
  Result<std::vector<Endpoint>> list_endpoints(const EndpointFilter& filter) override;
  Result<TimePoint> update_endpoint(const Endpoint& endpoint, TimePoint now) override;
  Result<void> delete_endpoint(std::string_view id, TimePoint now) override;
  Result<std::int64_t> endpoints_version() override;

  // event_type_store.cpp
  Result<void> create_event_type(const EventType& type) override;
  Result<TimePoint> update_event_type(const EventType& type, TimePoint now) override;
  Result<void> delete_event_type(std::string_view name) override;
  Result<EventTypes> list_event_types() override;

  // enqueue.cpp
  std::vector<Result<Enqueued>> enqueue(std::span<const NewMessage> messages,
                                        TimePoint now) override;

  // delivery_claims.cpp
  Result<std::vector<ClaimedDelivery>> claim_due(TimePoint now, std::size_t limit,
                                                 Duration lease) override;
  Result<void> put_back(std::span<const PutBack> rows, TimePoint now) override;
  Result<std::size_t> reap_deliveries(TimePoint now) override;
  Result<std::optional<TimePoint>> next_due_at() override;
  Result<TimePoint> busy_until() override;

  // clock_repair.cpp
  Result<void> extend_leases(Duration by) override;
  Result<std::size_t> restart_waits(TimePoint now) override;
  Result<bool> knows_later_than(TimePoint now) override;
  Result<void> note_time(TimePoint now) override;

  // attempt_store.cpp
  std::vector<Result<void>> record_attempts(std::span<const AttemptRecord> records,
                                            TimePoint now) override;
  Result<std::vector<Attempt>> list_attempts(std::int64_t delivery) override;

  // message_reads.cpp
  Result<std::optional<Message>> get_message(std::string_view id) override;
  Result<std::vector<Message>> list_messages(const MessageFilter& filter) override;
  Result<PolledMessages> poll_messages(const PollFilter& filter) override;

  // delivery_reads.cpp
  Result<std::optional<Delivery>> get_delivery(std::int64_t key) override;
  Result<std::vector<Delivery>> list_deliveries(const DeliveryFilter& filter) override;
  Result<DeliveryCounts> count_deliveries(const DeliveryFilter& filter) override;
  Result<std::size_t> count_backlog(std::size_t most) override;
  Result<bool> anything_in_flight() override;

  // delivery_changes.cpp
  Result<void> replay(std::int64_t delivery, bool force, TimePoint now) override;
  Result<void> cancel(std::int64_t delivery, TimePoint now) override;
  Result<void> delete_dead(std::int64_t delivery) override;

  // metrics_reads.cpp
  Result<DeliveryMetrics> measure(const MetricsFilter& filter) override;
  // health_store.cpp
  Result<std::optional<EndpointHealth>> get_endpoint_health(std::string_view id) override;
  Result<Probes> release_probes(Duration open_for, TimePoint now) override;
  Result<std::vector<EndpointTraffic>> recent_traffic(TimePoint since, std::size_t most) override;
  Result<std::optional<std::int64_t>> volume_until(TimePoint at) override;

  // operational_store.cpp
  Result<void> add_operational_event(const OperationalEvent& event) override;
  Result<std::vector<OperationalEvent>> list_operational_events(
      const OperationalFilter& filter) override;
  Result<std::vector<OperationalEvent>> unread_operational_events(std::string_view reader,
                                                                  std::size_t limit) override;
  Result<void> start_operational_reader(std::string_view reader) override;
  Result<void> advance_operational_reader(std::string_view reader, std::int64_t key) override;
  Result<std::size_t> prune_operational_events(TimePoint before, std::size_t limit) override;
  // replay_store.cpp
  Result<std::int64_t> count_replayable(const ReplayRequest& request, TimePoint now) override;
  Result<ReplayJob> begin_replay(const ReplayRequest& request, TimePoint now) override;
  Result<ReplayJob> work_replay(std::int64_t job, std::size_t limit, TimePoint now) override;
  Result<std::optional<ReplayJob>> find_abandoned_replay(TimePoint now) override;
  Result<std::optional<ReplayJob>> get_replay(std::int64_t job) override;
  Result<std::vector<ReplayJob>> list_replays(const ReplayJobFilter& filter) override;
  Result<std::size_t> delete_dead_letters(const DeliveryFilter& filter, std::int64_t& place,
                                          std::size_t limit) override;

  // tenant_store.cpp
  Result<void> set_tenant_limits(std::string_view tenant, const TenantLimits& limits) override;
  Result<void> clear_tenant_limits(std::string_view tenant) override;
  Result<std::optional<TenantLimits>> get_tenant_limits(std::string_view tenant) override;
  Result<std::vector<TenantRow>> list_tenant_limits(const TenantFilter& filter) override;
  Result<std::size_t> count_tenant_backlog(std::string_view tenant, std::size_t most) override;

  // prune.cpp
  Result<bool> prune(const PruneLimits& limits, PrunePlace& place, Pruned& pruned, TimePoint now,
                     Duration budget) override;

  // space.cpp
  Result<bool> give_back_pages(std::int64_t pages, std::int64_t keep) override;
  void checkpoint() override;
  Result<StoreUse> measure_space() override;
  void set_quota(std::optional<std::int64_t> bytes) override { quota_ = bytes.value_or(0); }

  // reseal.cpp
  Result<std::size_t> reseal(std::int64_t& after, std::size_t limit) override;

 private:
  void close_once();
  std::optional<Error> closed_error() const;
  // Of the table that the UPDATE names, so many in one transaction.
  Result<std::size_t> move_all(const std::vector<MovedWait>& moved, TimePoint now, const char* sql);
  Result<std::size_t> take_back_lost(TimePoint now);
  Result<void> mend_lines();  // The first of each that got stuck goes.
  Result<void> cancel_expired(TimePoint now);

  template <typename Use>
  std::invoke_result_t<Use, Connection&> read(Use use) {
    if (auto error = closed_error()) return *error;
    if (transaction_ != nullptr) return use(*transaction_);
    return database_->read(std::move(use));
  }

  Result<void> write(const GroupCommit::Work& work, Survives survives = Survives::power_cut,
                     Undo undo = Undo::alone);
  Result<void> write_inside(const GroupCommit::Work& work, Undo undo);
  // The refusal (store_full) above the quota, and then operators are told with the
  // transaction, which therefore must be committed. Inside one that is to grow the file.
  Result<std::optional<Error>> over_quota(Connection& connection, TimePoint now) const;
  // The same for set_max_inbox(), without telling anybody.
  Result<std::optional<Error>> refuses_events(Connection& connection, TimePoint now);
  // A refusal is no error: what operators are told of it is committed.
  struct Accepts {
    std::vector<AcceptResult> results = {};
    std::optional<Error> refused = {};
  };
  Result<Accepts> accept_all(Connection& connection, std::span<const NewEvent> events,
                             std::string_view kept_result, TimePoint now, Duration time_to_live);
  Result<std::optional<Error>> over_max_inbox(Connection& connection, TimePoint now);
  LeaseToken draw_token() { return {database_->random().bytes(16)}; }

  std::shared_ptr<Database> database_;
  std::atomic<bool> closed_ = false;
  Connection* transaction_ = nullptr;    // Of together(); these two then.
  std::optional<Error> spoiled_ = {};    // What undid the whole transaction.
  std::atomic<std::int64_t> quota_ = 0;  // Bytes; 0: none.
  InboxRoom inbox_room_;                 // Inside write() only.
  std::atomic<std::int64_t> lines_looked_until_ = 0;
};

}  // namespace webhookcore::sqlite
