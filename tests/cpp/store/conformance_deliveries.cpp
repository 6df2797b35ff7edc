#include <set>
#include <thread>

#include <algorithm>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"
#include "webhookcore/core/claim_rules.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

std::int64_t send_one(Store& store, const std::string& id, TimePoint now = kNow) {
  return samples::send_one(store, message(id), now);
}

void check_claims(Store& store) {
  const auto late = send_one(store, "msg_late", kNow + 2s);
  const auto early = send_one(store, "msg_early", kNow);
  const auto middle = send_one(store, "msg_middle", kNow + 1s);

  SECTION("what is due is claimed oldest first with everything an attempt needs") {
    CHECK(*store.next_due_at() == kNow);
    const auto claimed = store.claim_due(kNow + 1s, 10, 60s);
    REQUIRE(claimed->size() == 2);
    CHECK((*claimed)[0].key == early);
    CHECK((*claimed)[1].key == middle);
    CHECK((*claimed)[0].token.value == (*claimed)[1].token.value);
    CHECK((*claimed)[0].token.value.size() == 16);
    CHECK((*claimed)[0].message.id == "msg_early");
    CHECK((*claimed)[0].message.body == message("msg_early").message.body);
    CHECK((*claimed)[0].message.type == "order.created");
    CHECK((*claimed)[0].endpoint_id == "ep_1");
    CHECK((*claimed)[0].trigger == "send");
    CHECK((*claimed)[0].attempts == 0);
    CHECK(row_of(store, early).state == DeliveryState::in_flight);
    CHECK_FALSE(row_of(store, early).next_attempt_at);
    CHECK(*store.next_due_at() == kNow + 2s);
    CHECK(store.claim_due(kNow + 1s, 10, 60s)->empty());
    CHECK(store.claim_due(kNow + 2s, 10, 60s)->front().key == late);
    CHECK_FALSE(*store.next_due_at());
  }
  SECTION("the limit holds, and each claim has a token of its own") {
    const auto first = store.claim_due(kNow + 9s, 1, 60s);
    const auto second = store.claim_due(kNow + 9s, 2, 60s);
    CHECK(first->size() == 1);
    CHECK(second->size() == 2);
    CHECK(first->front().token.value != second->front().token.value);
    CHECK(store.claim_due(kNow + 9s, 0, 60s)->empty());
  }
  SECTION("put back counts nothing and needs the token") {
    const auto claimed = claim_one(store);
    const PutBack forged{claimed.key, LeaseToken{"forged"}, kNow + 5s};
    REQUIRE(store.put_back({&forged, 1}, kNow));
    CHECK(row_of(store, claimed.key).state == DeliveryState::in_flight);
    const PutBack back{claimed.key, claimed.token, kNow + 5s};
    REQUIRE(store.put_back({&back, 1}, kNow));
    const auto row = row_of(store, claimed.key);
    CHECK(row.state == DeliveryState::pending);
    CHECK(row.next_attempt_at == kNow + 5s);
    CHECK(row.attempts == 0);
    CHECK(row.budget_used == 0);
    CHECK(row.reaps == 0);
    REQUIRE(store.put_back({&back, 1}, kNow));
    REQUIRE(store.put_back({}, kNow));
  }
  SECTION("eight threads never claim a row twice") {
    for (int i = 0; i < 60; ++i) send_one(store, "msg_" + std::to_string(i));
    std::vector<std::vector<std::int64_t>> taken(8);
    std::vector<std::thread> threads;
    for (auto& mine : taken) {
      threads.emplace_back([&store, &mine] {
        while (true) {
          const auto claimed = store.claim_due(kNow + 9s, 3, 60s);
          if (!claimed || claimed->empty()) return;
          for (const ClaimedDelivery& row : claimed.value()) mine.push_back(row.key);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::size_t total = 0;
    std::set<std::int64_t> distinct;
    for (const auto& mine : taken) {
      total += mine.size();
      distinct.insert(mine.begin(), mine.end());
    }
    CHECK(total == 63);
    CHECK(distinct.size() == 63);
  }
}

void check_disabled(Store& store) {
  const auto waiting = send_one(store, "msg_1");
  Endpoint changed = endpoint("ep_1");
  changed.state = EndpointState::disabled;

  SECTION("rows of a disabled endpoint wait until it is enabled") {
    REQUIRE(overwrite(store, changed));
    CHECK(store.claim_due(kNow, 10, 60s)->empty());
    CHECK_FALSE(*store.next_due_at());
    CHECK(row_of(store, waiting).state == DeliveryState::pending);
    changed.state = EndpointState::enabled;
    REQUIRE(overwrite(store, changed));
    CHECK(*store.next_due_at() == kNow);
    CHECK(store.claim_due(kNow, 10, 60s)->size() == 1);
  }
  SECTION("a row that returns to a disabled endpoint waits too") {
    const auto claimed = claim_one(store);
    REQUIRE(overwrite(store, changed));
    const PutBack back{claimed.key, claimed.token, kNow};
    REQUIRE(store.put_back({&back, 1}, kNow));
    CHECK(store.claim_due(kNow, 10, 60s)->empty());
    changed.state = EndpointState::enabled;
    REQUIRE(overwrite(store, changed));
    CHECK(store.claim_due(kNow, 10, 60s)->size() == 1);
  }
  SECTION("deleting an endpoint cancels what is pending and keeps the rest") {
    const auto dead = send_one(store, "msg_2", kNow - 1s);
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::schedule_spent)));
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    CHECK(row_of(store, waiting).state == DeliveryState::cancelled);
    CHECK(row_of(store, dead).state == DeliveryState::dead);
    CHECK(row_of(store, dead).endpoint_id == "ep_1");
    CHECK(store.replay(dead, false, kNow).error().code == ErrorCode::not_found);
    CHECK_FALSE(*store.next_due_at());
  }
  SECTION("deleting a disabled endpoint cancels what was held") {
    REQUIRE(overwrite(store, changed));
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    CHECK(row_of(store, waiting).state == DeliveryState::cancelled);
  }
  SECTION("an attempt in flight while its endpoint is deleted ends, and is not tried again") {
    const auto claimed = claim_one(store);
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    AttemptRecord retry = record(claimed, DeliverySignal::retry_scheduled);
    retry.next_attempt_at = kNow + 5s;
    REQUIRE(record_one(store, retry));
    CHECK(row_of(store, waiting).state == DeliveryState::cancelled);
    CHECK(store.list_attempts(waiting)->size() == 1);
  }
}

void check_reaping(Store& store) {
  const auto key = send_one(store, "msg_1");

  SECTION("a lease that ran out gives the row back, uncounted, and fences the late one off") {
    const auto claimed = claim_one(store);
    CHECK(*store.reap_deliveries(kNow + 59s) == 0);
    CHECK(*store.reap_deliveries(kNow + 60s) == 1);
    CHECK(*store.reap_deliveries(kNow + 60s) == 0);
    const auto row = row_of(store, key);
    CHECK(row.state == DeliveryState::pending);
    CHECK(row.reaps == 1);
    CHECK(row.attempts == 0);
    CHECK(row.budget_used == 0);
    CHECK(row.next_attempt_at == kNow + 60s);
    CHECK(record_one(store, record(claimed, DeliverySignal::succeeded)).error().code ==
          ErrorCode::lease_lost);
    const auto next = claim_one(store, kNow + 60s);
    CHECK(next.trigger == "retry");
    CHECK(record_one(store, record(claimed, DeliverySignal::succeeded)).error().code ==
          ErrorCode::lease_lost);
    CHECK(row_of(store, key).state == DeliveryState::in_flight);
    CHECK(record_one(store, record(next, DeliverySignal::succeeded)));
  }
  SECTION("a row that was taken back too often is dead") {
    TimePoint now = kNow;
    for (int reap = 1; reap <= kMaxReaps; ++reap) {
      claim_one(store, now);
      now += 60s;
      REQUIRE(*store.reap_deliveries(now) == 1);
    }
    const auto row = row_of(store, key);
    CHECK(row.state == DeliveryState::dead);
    CHECK(row.last_error == "crash_loop");
    CHECK_FALSE(row.next_attempt_at);
    REQUIRE(store.replay(key, false, now));
    CHECK(row_of(store, key).reaps == 0);
  }
}

void check_lack_of_room(Store& store) {
  CHECK(*store.busy_until() < kNow);
  send_one(store, "msg_1");
  const auto put_back = [&](TimePoint at, bool lacked_room) {
    const auto claimed = claim_one(store, kNow + 1h);
    const PutBack back{claimed.key, claimed.token, at, false, lacked_room};
    REQUIRE(store.put_back({&back, 1}, kNow));
  };
  put_back(kNow + 9s, false);
  CHECK(*store.busy_until() < kNow);
  put_back(kNow + 5s, true);
  CHECK(*store.busy_until() == kNow + 5s);
  put_back(kNow + 3s, true);
  CHECK(*store.busy_until() == kNow + 5s);
}

void check_suspects(Store& store) {
  for (int i = 0; i < 20; ++i) send_one(store, "msg_" + std::to_string(i));
  TimePoint now = kNow;
  for (int reap = 0; reap < kSuspectReaps; ++reap) {
    REQUIRE(store.claim_due(now, 100, 60s)->size() == 20);
    now += 60s;
    REQUIRE(*store.reap_deliveries(now) == 20);
  }
  const auto fresh = send_one(store, "msg_fresh");
  const auto claimed = store.claim_due(now, 100, 60s);
  REQUIRE(claimed->size() == kSuspectsAtOnce + 1);
  CHECK(std::any_of(claimed->begin(), claimed->end(),
                    [&](const ClaimedDelivery& one) { return one.key == fresh; }));
  CHECK(store.claim_due(now, 100, 60s)->empty());
  const auto suspect = *std::find_if(claimed->begin(), claimed->end(),
                                     [&](const auto& one) { return one.key != fresh; });

  SECTION("one that came to its end makes room for the next") {
    REQUIRE(record_one(store, record(suspect, DeliverySignal::succeeded)));
    CHECK(store.claim_due(now, 100, 60s)->size() == 1);
  }
  SECTION("an attempt that is recorded clears its delivery") {
    AttemptRecord failed = record(suspect, DeliverySignal::retry_scheduled);
    failed.next_attempt_at = now;
    REQUIRE(record_one(store, failed));
    CHECK(row_of(store, suspect.key).reaps == 0);
    CHECK(store.claim_due(now, 100, 60s)->size() == 2);
  }
}

void check_changes(Store& store) {
  const auto key = send_one(store, "msg_1");

  SECTION("a dead letter is replayed with a fresh budget under the same message") {
    AttemptRecord failed = record(claim_one(store), DeliverySignal::schedule_spent);
    REQUIRE(record_one(store, failed));
    REQUIRE(store.replay(key, false, kNow + 1h));
    auto row = row_of(store, key);
    CHECK(row.state == DeliveryState::pending);
    CHECK(row.budget_used == 0);
    CHECK(row.attempts == 1);
    CHECK(row.next_attempt_at == kNow + 1h);
    CHECK(row.replayed_at == kNow + 1h);
    const auto claimed = claim_one(store, kNow + 1h);
    CHECK(claimed.trigger == "replay");
    CHECK(claimed.message.id == "msg_1");
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded)));
    CHECK(store.list_attempts(key)->back().number == 2);
    CHECK(row_of(store, key).replayed_at == kNow + 1h);
  }
  SECTION("what was delivered is sent again only by force") {
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::succeeded)));
    CHECK(store.replay(key, false, kNow).error().code == ErrorCode::already_delivered);
    REQUIRE(store.replay(key, true, kNow));
    CHECK(claim_one(store).message.id == "msg_1");
  }
  SECTION("what is under way can be neither replayed nor cancelled nor deleted") {
    CHECK(store.replay(key, true, kNow).error().code == ErrorCode::conflict);
    CHECK(store.delete_dead(key).error().code == ErrorCode::conflict);
    claim_one(store);
    CHECK(store.replay(key, false, kNow).error().code == ErrorCode::conflict);
    CHECK(store.cancel(key, kNow).error().code == ErrorCode::conflict);
  }
  SECTION("a pending delivery is cancelled, for good") {
    REQUIRE(store.cancel(key, kNow + 1s));
    CHECK(row_of(store, key).state == DeliveryState::cancelled);
    CHECK_FALSE(row_of(store, key).next_attempt_at);
    CHECK(store.claim_due(kNow + 1h, 10, 60s)->empty());
    CHECK(store.cancel(key, kNow).error().code == ErrorCode::conflict);
  }
  SECTION("a dead letter is deleted with its attempts, and its key is not given again") {
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::failed_for_good)));
    REQUIRE(store.delete_dead(key));
    CHECK_FALSE(*store.get_delivery(key));
    CHECK(store.list_attempts(key)->empty());
    CHECK(send_one(store, "msg_2") != key);
  }
  SECTION("what does not exist is not found") {
    CHECK(store.replay(999, false, kNow).error().code == ErrorCode::not_found);
    CHECK(store.cancel(999, kNow).error().code == ErrorCode::not_found);
    CHECK(store.delete_dead(999).error().code == ErrorCode::not_found);
    CHECK_FALSE(*store.get_delivery(999));
  }
}

}  // namespace

namespace {

void check_backlog(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_2", {"user.*"})));

  SECTION("what waits is counted, up to a bound") {
    CHECK(*store.count_backlog(10) == 0);
    REQUIRE(enqueue(store, message("msg_1", "user.created")));
    REQUIRE(enqueue(store, message("msg_2")));
    CHECK(*store.count_backlog(10) == 3);
    CHECK(*store.count_backlog(2) == 2);
    CHECK(*store.count_backlog(0) == 0);
  }
  SECTION("what is in flight, done or held by a disabled endpoint does not wait") {
    REQUIRE(enqueue(store, message("msg_1")));
    REQUIRE(enqueue(store, message("msg_2")));
    CHECK_FALSE(*store.anything_in_flight());
    const auto claimed = store.claim_due(kNow, 1, 60s);
    CHECK(*store.count_backlog(10) == 1);
    CHECK(*store.anything_in_flight());
    REQUIRE(record_one(store, record(claimed->front(), DeliverySignal::succeeded)));
    CHECK_FALSE(*store.anything_in_flight());
    CHECK(*store.count_backlog(10) == 1);
    Endpoint off = endpoint("ep_1");
    off.state = EndpointState::disabled;
    REQUIRE(overwrite(store, off));
    CHECK(*store.count_backlog(10) == 0);
  }
}

}  // namespace

void check_deliveries(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  SECTION("claims") { check_claims(*store); }
  SECTION("disabled and deleted endpoints") { check_disabled(*store); }
  SECTION("reaping") { check_reaping(*store); }
  SECTION("lack of room") { check_lack_of_room(*store); }
  SECTION("suspects") { check_suspects(*store); }
  SECTION("replay, cancel, delete") { check_changes(*store); }
  SECTION("backlog") { check_backlog(*store); }
}

}  // namespace webhookcore::conformance
