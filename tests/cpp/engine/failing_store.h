// The memory store with faults that a test switches on: what a full disk or a held
// lock looks like from above.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "webhookcore/store/store.h"

namespace webhookcore::testing {

class FailingStore final : public Store {
 public:
  explicit FailingStore(std::shared_ptr<Store> inner) : inner_(std::move(inner)) {}

  void fail_with(std::optional<ErrorCode> code) { code_ = code ? static_cast<int>(*code) : kSound; }
  // Claims stand still inside the store until the gate opens again.
  void shut_gate() {
    const std::lock_guard lock(gate_);
    shut_ = true;
  }
  void wait_for_claim_at_gate() {
    std::unique_lock lock(gate_);
    gate_changed_.wait(lock, [this] { return at_gate_; });
  }
  void open_gate() {
    const std::lock_guard lock(gate_);
    shut_ = false;
    gate_changed_.notify_all();
  }
  void let_lead(bool leads) { leads_ = leads; }
  int stopped_leading() const { return stopped_leading_; }
  int claims() const { return claims_; }
  int records() const { return records_; }
  int prunes() const { return prunes_; }

  Result<std::vector<ClaimedDelivery>> claim_due(TimePoint now, std::size_t limit,
                                                 Duration lease) override {
    ++claims_;
    if (auto error = fault()) return *error;
    pass_gate();
    return inner_->claim_due(now, limit, lease);
  }
  std::vector<Result<void>> record_attempts(std::span<const AttemptRecord> rows,
                                            TimePoint now) override {
    ++records_;
    if (auto error = fault()) return std::vector<Result<void>>(rows.size(), *error);
    return inner_->record_attempts(rows, now);
  }
  Result<void> put_back(std::span<const PutBack> rows, TimePoint now) override {
    if (auto error = fault()) return *error;
    return inner_->put_back(rows, now);
  }

  StoreInfo info() override { return inner_->info(); }
  void close() override { inner_->close(); }
  Result<void> together(const std::function<void(Store&)>& calls) override {
    return inner_->together(calls);
  }
  // As if another process of the host were faster.
  Result<bool> lead() override { return leads_.load(); }
  void stop_leading() override { ++stopped_leading_; }
  std::optional<std::int64_t> leader() override { return std::nullopt; }
  // As if another process had sealed this endpoint with a key that this one lacks.
  void seal_away(std::optional<std::string> id) {
    const std::lock_guard lock(gate_);
    sealed_away_ = std::move(id);
  }
  Result<void> check_keys() override {
    const std::lock_guard lock(gate_);
    if (sealed_away_) return lacks_key();
    return {};
  }
  Result<ClaimResult> claim(const ClaimKey& k, TimePoint n, Duration l) override {
    return inner_->claim(k, n, l);
  }
  Result<void> complete(const ClaimKey& k, const LeaseToken& t, std::string_view r, TimePoint n,
                        Duration ttl) override {
    return inner_->complete(k, t, r, n, ttl);
  }
  Result<void> release(const ClaimKey& k, const LeaseToken& t) override {
    return inner_->release(k, t);
  }
  Result<std::size_t> prune_keys(TimePoint n, std::size_t limit) override {
    return inner_->prune_keys(n, limit);
  }
  Result<std::vector<AcceptResult>> accept_many(std::span<const NewEvent> e, std::string_view r,
                                                TimePoint n, Duration ttl) override {
    return inner_->accept_many(e, r, n, ttl);
  }
  Result<std::vector<ClaimedEvent>> claim_due_events(const EventClaim& c, TimePoint n) override {
    return inner_->claim_due_events(c, n);
  }
  std::vector<Result<void>> complete_events(std::span<const EventCompletion> c,
                                            TimePoint n) override {
    return inner_->complete_events(c, n);
  }
  Result<std::size_t> reap_events(TimePoint n) override { return inner_->reap_events(n); }
  Result<void> extend_own_event_leases(Duration by) override {
    return inner_->extend_own_event_leases(by);
  }
  Result<std::size_t> restart_event_waits(TimePoint n) override {
    return inner_->restart_event_waits(n);
  }
  Result<std::optional<TimePoint>> next_event_due_at(std::span<const SourceLimit> l) override {
    return inner_->next_event_due_at(l);
  }
  Result<std::optional<InboxEvent>> get_event(std::int64_t k) override {
    return inner_->get_event(k);
  }
  Result<std::vector<InboxEvent>> list_events(const InboxFilter& f) override {
    return inner_->list_events(f);
  }
  Result<InboxCounts> count_events(const InboxFilter& f) override {
    return inner_->count_events(f);
  }
  Result<std::size_t> count_inbox_backlog(std::size_t m,
                                          const std::optional<std::string>& s) override {
    return inner_->count_inbox_backlog(m, s);
  }
  void set_max_inbox(std::optional<std::int64_t> m) override { inner_->set_max_inbox(m); }
  Result<void> replay_event(std::int64_t k, TimePoint n) override {
    return inner_->replay_event(k, n);
  }
  Result<std::size_t> replay_events(const InboxFilter& f, std::int64_t& p, std::size_t l,
                                    TimePoint n) override {
    return inner_->replay_events(f, p, l, n);
  }
  Result<void> delete_event(std::int64_t k) override { return inner_->delete_event(k); }
  Result<std::size_t> delete_events(const InboxFilter& f, std::int64_t& p, std::size_t l) override {
    return inner_->delete_events(f, p, l);
  }
  Result<void> create_endpoint(const Endpoint& e) override { return inner_->create_endpoint(e); }
  Result<std::optional<Endpoint>> get_endpoint(std::string_view id) override {
    {
      const std::lock_guard lock(gate_);
      if (sealed_away_ == id) return lacks_key();
    }
    return inner_->get_endpoint(id);
  }
  Result<std::optional<Endpoint>> find_endpoint_by_uid(const std::optional<std::string>& t,
                                                       std::string_view uid) override {
    return inner_->find_endpoint_by_uid(t, uid);
  }
  Result<std::vector<Endpoint>> list_endpoints(const EndpointFilter& f) override {
    return inner_->list_endpoints(f);
  }
  Result<TimePoint> update_endpoint(const Endpoint& e, TimePoint n) override {
    return inner_->update_endpoint(e, n);
  }
  Result<void> delete_endpoint(std::string_view id, TimePoint n) override {
    return inner_->delete_endpoint(id, n);
  }
  Result<std::int64_t> endpoints_version() override { return inner_->endpoints_version(); }
  std::vector<Result<Enqueued>> enqueue(std::span<const NewMessage> m, TimePoint n) override {
    return inner_->enqueue(m, n);
  }
  Result<std::size_t> reap_deliveries(TimePoint n) override { return inner_->reap_deliveries(n); }
  Result<void> extend_leases(Duration by) override { return inner_->extend_leases(by); }
  Result<TimePoint> busy_until() override { return inner_->busy_until(); }
  Result<std::size_t> restart_waits(TimePoint n) override { return inner_->restart_waits(n); }
  Result<bool> knows_later_than(TimePoint n) override { return inner_->knows_later_than(n); }
  Result<void> note_time(TimePoint n) override { return inner_->note_time(n); }
  Result<std::optional<TimePoint>> next_due_at() override { return inner_->next_due_at(); }
  Result<std::optional<Message>> get_message(std::string_view id) override {
    return inner_->get_message(id);
  }
  Result<std::vector<Message>> list_messages(const MessageFilter& f) override {
    return inner_->list_messages(f);
  }
  Result<PolledMessages> poll_messages(const PollFilter& f) override {
    return inner_->poll_messages(f);
  }
  Result<void> create_event_type(const EventType& t) override {
    return inner_->create_event_type(t);
  }
  Result<TimePoint> update_event_type(const EventType& t, TimePoint n) override {
    return inner_->update_event_type(t, n);
  }
  Result<void> delete_event_type(std::string_view n) override {
    return inner_->delete_event_type(n);
  }
  Result<void> set_tenant_limits(std::string_view t, const TenantLimits& l) override {
    return inner_->set_tenant_limits(t, l);
  }
  Result<void> clear_tenant_limits(std::string_view t) override {
    return inner_->clear_tenant_limits(t);
  }
  Result<std::optional<TenantLimits>> get_tenant_limits(std::string_view t) override {
    return inner_->get_tenant_limits(t);
  }
  Result<std::vector<TenantRow>> list_tenant_limits(const TenantFilter& f) override {
    return inner_->list_tenant_limits(f);
  }
  Result<std::size_t> count_tenant_backlog(std::string_view t, std::size_t m) override {
    return inner_->count_tenant_backlog(t, m);
  }
  Result<DeliveryMetrics> measure(const MetricsFilter& f) override { return inner_->measure(f); }
  Result<EventTypes> list_event_types() override { return inner_->list_event_types(); }
  Result<std::optional<Delivery>> get_delivery(std::int64_t k) override {
    return inner_->get_delivery(k);
  }
  Result<std::vector<Delivery>> list_deliveries(const DeliveryFilter& f) override {
    return inner_->list_deliveries(f);
  }
  Result<std::vector<Attempt>> list_attempts(std::int64_t k) override {
    return inner_->list_attempts(k);
  }
  Result<DeliveryCounts> count_deliveries(const DeliveryFilter& f) override {
    return inner_->count_deliveries(f);
  }
  Result<std::size_t> count_backlog(std::size_t most) override {
    return inner_->count_backlog(most);
  }
  Result<bool> anything_in_flight() override { return inner_->anything_in_flight(); }
  Result<void> replay(std::int64_t k, bool force, TimePoint n) override {
    return inner_->replay(k, force, n);
  }
  Result<void> cancel(std::int64_t k, TimePoint n) override { return inner_->cancel(k, n); }
  Result<void> delete_dead(std::int64_t k) override { return inner_->delete_dead(k); }
  Result<std::optional<EndpointHealth>> get_endpoint_health(std::string_view id) override {
    return inner_->get_endpoint_health(id);
  }
  Result<Probes> release_probes(Duration d, TimePoint n) override {
    return inner_->release_probes(d, n);
  }
  Result<void> add_operational_event(const OperationalEvent& e) override {
    return inner_->add_operational_event(e);
  }
  Result<std::vector<OperationalEvent>> list_operational_events(
      const OperationalFilter& f) override {
    return inner_->list_operational_events(f);
  }
  Result<std::vector<OperationalEvent>> unread_operational_events(std::string_view r,
                                                                  std::size_t limit) override {
    return inner_->unread_operational_events(r, limit);
  }
  Result<void> start_operational_reader(std::string_view r) override {
    return inner_->start_operational_reader(r);
  }
  Result<void> advance_operational_reader(std::string_view r, std::int64_t k) override {
    return inner_->advance_operational_reader(r, k);
  }
  Result<std::size_t> prune_operational_events(TimePoint before, std::size_t limit) override {
    return inner_->prune_operational_events(before, limit);
  }
  Result<std::vector<EndpointTraffic>> recent_traffic(TimePoint t, std::size_t most) override {
    return inner_->recent_traffic(t, most);
  }
  Result<std::optional<std::int64_t>> volume_until(TimePoint at) override {
    return inner_->volume_until(at);
  }
  Result<std::int64_t> count_replayable(const ReplayRequest& r, TimePoint n) override {
    return inner_->count_replayable(r, n);
  }
  Result<ReplayJob> begin_replay(const ReplayRequest& r, TimePoint n) override {
    return inner_->begin_replay(r, n);
  }
  Result<ReplayJob> work_replay(std::int64_t j, std::size_t limit, TimePoint n) override {
    if (auto error = fault()) return *error;
    return inner_->work_replay(j, limit, n);
  }
  Result<std::optional<ReplayJob>> find_abandoned_replay(TimePoint n) override {
    return inner_->find_abandoned_replay(n);
  }
  Result<std::optional<ReplayJob>> get_replay(std::int64_t j) override {
    return inner_->get_replay(j);
  }
  Result<std::vector<ReplayJob>> list_replays(const ReplayJobFilter& f) override {
    return inner_->list_replays(f);
  }
  Result<std::size_t> delete_dead_letters(const DeliveryFilter& f, std::int64_t& place,
                                          std::size_t limit) override {
    return inner_->delete_dead_letters(f, place, limit);
  }
  Result<bool> prune(const PruneLimits& l, PrunePlace& place, Pruned& pruned, TimePoint n,
                     Duration budget) override {
    ++prunes_;
    if (auto error = fault()) return *error;
    return inner_->prune(l, place, pruned, n, budget);
  }
  Result<bool> give_back_pages(std::int64_t pages, std::int64_t keep) override {
    return inner_->give_back_pages(pages, keep);
  }
  void checkpoint() override { inner_->checkpoint(); }
  Result<StoreUse> measure_space() override { return inner_->measure_space(); }
  void set_quota(std::optional<std::int64_t> bytes) override { inner_->set_quota(bytes); }
  Result<std::size_t> reseal(std::int64_t& after, std::size_t limit) override {
    return inner_->reseal(after, limit);
  }

 private:
  static constexpr int kSound = -1;

  static Error lacks_key() { return {ErrorCode::wrong_store_key, "sealed with the key \"new\""}; }

  std::optional<Error> fault() const {
    const int code = code_;
    if (code == kSound) return std::nullopt;
    return Error{static_cast<ErrorCode>(code), "switched on by the test"};
  }

  void pass_gate() {
    std::unique_lock lock(gate_);
    at_gate_ = shut_;
    gate_changed_.notify_all();
    gate_changed_.wait(lock, [this] { return !shut_; });
    at_gate_ = false;
  }

  std::shared_ptr<Store> inner_;
  std::mutex gate_;
  std::condition_variable gate_changed_;
  bool shut_ = false;
  bool at_gate_ = false;
  std::optional<std::string> sealed_away_;
  std::atomic<int> code_ = kSound;
  std::atomic<bool> leads_ = true;
  std::atomic<int> stopped_leading_ = 0;
  std::atomic<int> claims_ = 0;
  std::atomic<int> records_ = 0;
  std::atomic<int> prunes_ = 0;
};

}  // namespace webhookcore::testing
