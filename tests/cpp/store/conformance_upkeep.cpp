#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

constexpr Duration kDay = 24h;

NewMessage sent_at(const std::string& id, TimePoint at) {
  NewMessage made = message(id);
  made.message.created_at = at;
  return made;
}

std::int64_t send(Store& store, const std::string& id, TimePoint at) {
  const auto sent = enqueue(store, sent_at(id, at), at);
  REQUIRE(sent);
  return sent->deliveries.front();
}

// Sends it and ends it at once.
std::int64_t ended(Store& store, const std::string& id, TimePoint at,
                   DeliverySignal how = DeliverySignal::succeeded) {
  const auto key = send(store, id, at);
  const auto due = store.claim_due(at, 100, 60s);
  for (const auto& claimed : due.value()) {
    REQUIRE(record_one(store, record(claimed, how), at));
  }
  return key;
}

Pruned prune_all(Store& store, const PruneLimits& limits, TimePoint now) {
  Pruned pruned;
  PrunePlace place;
  for (int batch = 0; batch < 1000; ++batch) {
    const auto over = store.prune(limits, place, pruned, now, 0ms);
    REQUIRE(over);
    if (*over) return pruned;
  }
  FAIL("it never ends");
  return pruned;
}

PruneLimits limits_at(TimePoint before) {
  return {.messages_before = before, .attempts_before = before, .inbox_before = before};
}

bool has_message(Store& store, const std::string& id) { return store.get_message(id)->has_value(); }

void check_messages(Store& store) {
  const TimePoint now = kNow + 30 * kDay;

  SECTION("finished messages go with their deliveries and attempts, when they are old enough") {
    const auto old = ended(store, "msg_old", kNow);
    const auto dead = ended(store, "msg_dead", kNow, DeliverySignal::failed_for_good);
    const auto young = ended(store, "msg_young", kNow + 10 * kDay);
    ended(store, "msg_newest", kNow + 20 * kDay);
    const Pruned pruned = prune_all(store, limits_at(kNow + kDay), now);
    CHECK(pruned.messages == 2);
    CHECK(pruned.deliveries == 2);
    CHECK(pruned.attempts == 2);
    CHECK_FALSE(has_message(store, "msg_old"));
    CHECK_FALSE(*store.get_delivery(old));
    CHECK_FALSE(*store.get_delivery(dead));
    CHECK(store.list_attempts(old)->empty());
    CHECK(has_message(store, "msg_young"));
    CHECK(store.list_attempts(young)->size() == 1);
    CHECK(prune_all(store, limits_at(kNow + kDay), now).messages == 0);
  }
  SECTION("what waits, is under way, or ended lately stays, with all of its message") {
    REQUIRE(store.create_endpoint(endpoint("ep_2")));
    REQUIRE(enqueue(store, sent_at("msg_half", kNow), kNow));
    const auto claimed = store.claim_due(kNow, 1, 24 * 60 * 60s);
    REQUIRE(record_one(store, record(claimed->front(), DeliverySignal::succeeded), kNow));
    const auto late = store.claim_due(kNow, 1, 24 * 60 * 60s);
    send(store, "msg_waiting", kNow);
    ended(store, "msg_newest", kNow + 20 * kDay);
    CHECK(prune_all(store, limits_at(kNow + kDay), now).messages == 0);
    CHECK(store.list_deliveries({.message_id = "msg_half"})->size() == 2);
    REQUIRE(record_one(store, record(late->front(), DeliverySignal::succeeded), now - 1s));
    CHECK(prune_all(store, limits_at(now - kDay), now).messages == 1);
    CHECK(has_message(store, "msg_half"));
    CHECK_FALSE(has_message(store, "msg_waiting"));
    CHECK(prune_all(store, limits_at(now), now).messages == 1);
    CHECK_FALSE(has_message(store, "msg_half"));
  }
  SECTION("the newest message stays, and keys are not given twice") {
    const auto key = ended(store, "msg_only", kNow);
    prune_all(store, limits_at(now), now);
    CHECK(has_message(store, "msg_only"));
    const auto next = send(store, "msg_next", now);
    CHECK(next > key);
    CHECK(prune_all(store, limits_at(now), now).messages == 1);
    CHECK(send(store, "msg_third", now) > next);
  }
  SECTION("attempts may go before their message") {
    const auto key = ended(store, "msg_old", kNow);
    const auto waiting = send(store, "msg_waiting", kNow);
    AttemptRecord retry =
        record(store.claim_due(kNow, 1, 60s)->front(), DeliverySignal::retry_scheduled);
    retry.next_attempt_at = now + kDay;
    REQUIRE(record_one(store, retry));
    ended(store, "msg_newest", now - kDay);
    PruneLimits limits{.messages_before = kNow - kDay, .attempts_before = kNow + kDay};
    const Pruned pruned = prune_all(store, limits, now);
    CHECK(pruned.attempts == 1);
    CHECK(pruned.messages == 0);
    CHECK(store.list_attempts(key)->empty());
    CHECK((*store.get_delivery(key))->attempts == 1);
    CHECK(store.list_attempts(waiting)->size() == 1);
    CHECK(prune_all(store, limits, now).attempts == 0);
  }
  SECTION("dead letters that a replay under way may take stay until it is done") {
    ended(store, "msg_dead", kNow, DeliverySignal::failed_for_good);
    ended(store, "msg_fine", kNow);
    ended(store, "msg_newest", now - kDay);
    const auto job = store.begin_replay({.letters = {.type = "other"}}, kNow + kDay);
    CHECK(prune_all(store, limits_at(kNow + kDay), now).messages == 1);
    CHECK(has_message(store, "msg_dead"));
    while (store.work_replay(job->key, 10, kNow + kDay)->state == ReplayJobState::running) {
    }
    const Pruned pruned = prune_all(store, limits_at(kNow + 2 * kDay), now);
    CHECK(pruned.messages == 1);
    CHECK(pruned.jobs == 1);
    CHECK_FALSE(*store.get_replay(job->key));
  }
  SECTION("a message from the future does not keep the ones behind it") {
    ended(store, "msg_future", now + 3650 * kDay);
    const auto old = send(store, "msg_old", kNow);
    const auto due = store.claim_due(now + 3650 * kDay, 100, 60s);
    for (const auto& claimed : due.value()) {
      REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded), kNow));
    }
    ended(store, "msg_newest", now - kDay);
    CHECK(prune_all(store, limits_at(kNow + kDay), now).messages == 1);
    CHECK_FALSE(*store.get_delivery(old));
    CHECK(has_message(store, "msg_future"));
  }
  SECTION("without limits only keys that expired go") {
    NewMessage keyed = sent_at("msg_old", kNow);
    keyed.idempotency_key = "key";
    REQUIRE(enqueue(store, keyed, kNow));
    const Pruned pruned = prune_all(store, {}, now);
    CHECK(pruned.keys == 1);
    CHECK(pruned.messages == 0);
    CHECK(prune_all(store, {}, now).keys == 0);
  }
}

void check_inbox_rows(Store& store) {
  SECTION("events that are done or dead go, the others and the newest stay") {
    for (const char* id : {"evt_1", "evt_2", "evt_3", "evt_4"}) {
      REQUIRE(store.accept(event(id), std::nullopt, "", kNow, 1h));
    }
    const auto claimed = store.claim_due_events(kNow, 2, 60s);
    REQUIRE(
        store.complete_event({.key = (*claimed)[0].event.key, .token = (*claimed)[0].token}, kNow));
    REQUIRE(store.complete_event(
        {.key = (*claimed)[1].event.key, .token = (*claimed)[1].token, .state = InboxState::dead},
        kNow));
    const Pruned pruned = prune_all(store, {.inbox_before = kNow + kDay}, kNow + 2 * kDay);
    CHECK(pruned.events == 2);
    CHECK(store.list_events({})->size() == 2);
    const auto last = store.claim_due_events(kNow, 9, 60s);
    for (const auto& one : last.value()) {
      REQUIRE(store.complete_event({.key = one.event.key, .token = one.token}, kNow));
    }
    CHECK(prune_all(store, {.inbox_before = kNow + kDay}, kNow + 2 * kDay).events == 1);
    CHECK(store.list_events({})->front().event_id == "evt_4");
  }
}

void check_quota(Store& store) {
  SECTION("above its quota a store takes no message and no event, and delivers on") {
    send(store, "msg_1", kNow);
    REQUIRE(store.measure_space()->used_bytes > 0);
    store.set_quota(1);
    const auto refused = enqueue(store, message("msg_2"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::store_full);
    CHECK(refused.error().detail.find("quota") != std::string::npos);
    CHECK(store.accept(event("evt_1"), std::nullopt, "", kNow, 1h).error().code ==
          ErrorCode::store_full);
    CHECK(store.list_events({})->empty());
    const auto claimed = store.claim_due(kNow, 1, 60s);
    REQUIRE(claimed->size() == 1);
    CHECK(record_one(store, record(claimed->front(), DeliverySignal::succeeded)));
    store.set_quota(std::int64_t{1} << 40);
    CHECK(enqueue(store, message("msg_2")));
    store.set_quota(1);
    store.set_quota(std::nullopt);
    CHECK(enqueue(store, message("msg_3")));
  }
  SECTION("operators are told of the first refusal, and of others once a minute") {
    store.set_quota(std::int64_t{1} << 40);
    send(store, "msg_1", kNow);
    CHECK(store.list_operational_events({})->empty());
    store.set_quota(1);
    for (int i = 0; i < 3; ++i) REQUIRE_FALSE(enqueue(store, message("msg_2"), kNow + i * 1s));
    auto told = *store.list_operational_events({});
    REQUIRE(told.size() == 1);
    CHECK(told[0].type == "store.quota");
    CHECK(told[0].repeats == 0);
    CHECK(told[0].at == kNow);
    CHECK(told[0].details.find(R"("quota_bytes":1})") != std::string::npos);
    REQUIRE_FALSE(store.accept(event("evt_1"), std::nullopt, "", kNow + 1min, 1h));
    told = *store.list_operational_events({});
    REQUIRE(told.size() == 1);
    CHECK(told[0].repeats == 1);
    REQUIRE_FALSE(enqueue(store, message("msg_2"), kNow + 1h));
    CHECK(store.list_operational_events({})->size() == 2);
    CHECK(store.list_messages({})->size() == 1);
  }
}

}  // namespace

void check_upkeep(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  SECTION("messages") { check_messages(*store); }
  SECTION("inbox") { check_inbox_rows(*store); }
  SECTION("quota") { check_quota(*store); }
}

}  // namespace webhookcore::conformance
