#include <vector>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

NewMessage prioritised(const std::string& id, Priority priority) {
  NewMessage made = message(id);
  made.message.priority = priority;
  return made;
}

std::vector<std::int64_t> claimed_keys(Store& store, TimePoint now, std::size_t limit) {
  const auto claimed = store.claim_due(now, limit, 60s);
  REQUIRE(claimed);
  std::vector<std::int64_t> keys;
  for (const ClaimedDelivery& row : *claimed) keys.push_back(row.key);
  return keys;
}

void check_priorities(Store& store) {
  const auto low = send_one(store, prioritised("msg_low", Priority::low), kNow - 2s);
  const auto normal = send_one(store, message("msg_normal"), kNow - 1s);
  const auto high = send_one(store, prioritised("msg_high", Priority::high), kNow);

  SECTION("the higher priority goes first, however long the lower one has waited") {
    CHECK(*store.next_due_at() == kNow - 2s);
    CHECK(claimed_keys(store, kNow, 10) == std::vector{high, normal, low});
  }
  SECTION("a priority is not claimed before its time") {
    CHECK(claimed_keys(store, kNow - 1s, 10) == std::vector{normal, low});
  }
  SECTION("rows show their priority, and a claim its rank") {
    CHECK(row_of(store, low).priority == Priority::low);
    CHECK(store.get_message("msg_high").value()->priority == Priority::high);
    CHECK(store.list_messages({})->front().priority == Priority::high);
    const auto claimed = claim_one(store);
    CHECK(claimed.rank == 0);
    CHECK(claimed.message.priority == Priority::high);
  }
}

void check_retries(Store& store) {
  const auto retried = send_one(store, message("msg_1"));
  AttemptRecord failed = record(claim_one(store), DeliverySignal::retry_scheduled);
  failed.next_attempt_at = kNow + 1s;
  REQUIRE(record_one(store, failed));
  const auto fresh = send_one(store, message("msg_2"), kNow + 2s);
  const auto low = send_one(store, prioritised("msg_3", Priority::low), kNow);

  SECTION("first attempts go before retries of their priority, and those before a lower one") {
    CHECK(claimed_keys(store, kNow + 2s, 10) == std::vector{fresh, retried, low});
  }
  SECTION("what is put back or reaped without an attempt stays a first attempt") {
    const auto claimed = claim_one(store, kNow + 2s);
    REQUIRE(claimed.key == fresh);
    const PutBack back{claimed.key, claimed.token, kNow + 2s};
    REQUIRE(store.put_back({&back, 1}, kNow + 2s));
    CHECK(claimed_keys(store, kNow + 2s, 1) == std::vector{fresh});
    REQUIRE(*store.reap_deliveries(kNow + 62s) == 1);
    CHECK(claimed_keys(store, kNow + 62s, 10) == std::vector{fresh, retried, low});
  }
  SECTION("a replay has a fresh budget, and so the rank of a first attempt") {
    const auto claimed = store.claim_due(kNow + 2s, 2, 60s);
    REQUIRE(claimed->at(1).key == retried);
    CHECK(claimed->at(1).rank == 3);
    REQUIRE(record_one(store, record(claimed->at(1), DeliverySignal::schedule_spent)));
    REQUIRE(store.replay(retried, false, kNow + 3s));
    CHECK(claim_one(store, kNow + 3s).rank == 2);
  }
}

void check_no_starvation(Store& store) {
  for (int i = 0; i < 60; ++i) {
    send_one(store, prioritised("msg_high" + std::to_string(i), Priority::high));
  }
  const auto low = send_one(store, prioritised("msg_low", Priority::low));

  SECTION("a lower rank has its share of a long backlog, in one claim or in many") {
    if (GENERATE(true, false)) {
      const auto keys = claimed_keys(store, kNow, 16);
      CHECK(std::count(keys.begin(), keys.end(), low) == 1);
    } else {
      std::vector<std::int64_t> keys;
      for (int i = 0; i < 16; ++i) keys.push_back(claim_one(store).key);
      CHECK(std::count(keys.begin(), keys.end(), low) == 1);
    }
  }
}

void check_times(Store& store) {
  NewMessage later = message("msg_later");
  later.deliver_at = kNow + 1h;
  NewMessage short_lived = message("msg_short");
  short_lived.message.expires_at = kNow + 10s;

  SECTION("deliver_at is when the first attempt is due; one that has passed is now") {
    const auto key = send_one(store, later);
    CHECK(row_of(store, key).next_attempt_at == kNow + 1h);
    CHECK(*store.next_due_at() == kNow + 1h);
    CHECK(claimed_keys(store, kNow + 1h - 1ms, 10).empty());
    CHECK(claimed_keys(store, kNow + 1h, 10) == std::vector{key});
    NewMessage past = message("msg_past");
    past.deliver_at = kNow - 1h;
    CHECK(row_of(store, send_one(store, past)).next_attempt_at == kNow);
  }
  SECTION("before it expires a delivery is claimed like any other") {
    const auto key = send_one(store, short_lived);
    CHECK(row_of(store, key).expires_at == kNow + 10s);
    CHECK(store.get_message("msg_short").value()->expires_at == kNow + 10s);
    const auto claimed = claim_one(store, kNow + 10s - 1ms);
    CHECK(claimed.key == key);
    CHECK(claimed.expires_at == kNow + 10s);
  }
  SECTION("what has expired is cancelled when it would be claimed, and takes nobody's place") {
    const auto first = send_one(store, short_lived);
    const auto second = send_one(store, message("msg_2"));
    CHECK(claimed_keys(store, kNow + 10s, 1) == std::vector{second});
    const auto row = row_of(store, first);
    CHECK(row.state == DeliveryState::cancelled);
    CHECK(row.last_error == "expired");
    CHECK(row.attempts == 0);
    CHECK_FALSE(row.next_attempt_at);
    CHECK_FALSE(*store.next_due_at());
    CHECK(store.replay(first, true, kNow + 10s).error().code == ErrorCode::conflict);
  }
  SECTION("an attempt after which no retry is possible cancels, and counts") {
    const auto key = send_one(store, short_lived);
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::expired)));
    const auto row = row_of(store, key);
    CHECK(row.state == DeliveryState::cancelled);
    CHECK(row.last_error == "expired");
    CHECK(row.attempts == 1);
    CHECK(row.last_status == 500);
    CHECK(store.list_attempts(key)->size() == 1);
  }
  SECTION("a dead letter that has expired is replayed only by force, and then without expiry") {
    const auto key = send_one(store, short_lived);
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::schedule_spent)));
    const auto refused = store.replay(key, false, kNow + 10s);
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().field == "expires_at");
    CHECK(row_of(store, key).state == DeliveryState::dead);
    REQUIRE(store.replay(key, true, kNow + 10s));
    CHECK_FALSE(row_of(store, key).expires_at);
    CHECK(claim_one(store, kNow + 10s).key == key);
  }
  SECTION("a dead letter that has not expired yet keeps its expiry over a replay") {
    const auto key = send_one(store, short_lived);
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::schedule_spent)));
    REQUIRE(store.replay(key, GENERATE(true, false), kNow + 9s));
    CHECK(row_of(store, key).expires_at == kNow + 10s);
  }
}

}  // namespace

void check_order(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  SECTION("priorities") { check_priorities(*store); }
  SECTION("retries") { check_retries(*store); }
  SECTION("starvation") { check_no_starvation(*store); }
  SECTION("times") { check_times(*store); }
}

}  // namespace webhookcore::conformance
