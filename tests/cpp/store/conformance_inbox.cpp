#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;
using Kind = AcceptResult::Kind;

namespace {

ClaimedEvent claim_one(Store& store, TimePoint now = kNow) {
  auto claimed = store.claim_due_events(now, 1, 60s);
  REQUIRE(claimed);
  REQUIRE(claimed->size() == 1);
  return claimed->front();
}

void kill_event(Store& store, std::int64_t key) {
  const auto claimed = claim_one(store);
  REQUIRE(claimed.event.key == key);
  REQUIRE(
      store.complete_event({key, claimed.token, InboxState::dead, {}, true, {}, "gave up"}, kNow));
}

void check_clock_that_is_set(Store& store) {
  const TimePoint back = kNow - 1h;
  const auto accepted = store.accept(event("evt_1"), "evt_1", "\"accepted\"", kNow, 24h);
  REQUIRE(accepted);

  SECTION("back: what waits does so for its own time") {
    const auto claimed = claim_one(store);
    REQUIRE(store.complete_event(
        {claimed.event.key, claimed.token, InboxState::pending, kNow + 5s, true, {}, "failed"},
        kNow));
    REQUIRE(store.accept(event("evt_2"), "evt_2", "\"accepted\"", kNow, 24h));
    REQUIRE(store.claim_due_events(back, 10, 60s)->empty());
    CHECK(*store.restart_event_waits(back) == 2);
    CHECK(*store.restart_event_waits(back) == 0);
    CHECK(claim_one(store, back).event.event_id == "evt_2");
    CHECK(*store.next_event_due_at() == back + 5s);
    CHECK(claim_one(store, back + 5s).event.event_id == "evt_1");
  }
  SECTION("back: what is under way is left alone") {
    const auto claimed = claim_one(store);
    CHECK(*store.restart_event_waits(back) == 0);
    REQUIRE(store.complete_event(
        {claimed.event.key, claimed.token, InboxState::done, {}, false, "1", ""}, back));
  }
  SECTION("ahead: what runs keeps the time that it had left") {
    const auto claimed = claim_one(store);
    REQUIRE(store.extend_own_event_leases(2h));
    CHECK(*store.reap_events(kNow + 2h + 59s) == 0);
    CHECK(*store.reap_events(kNow + 2h + 61s) == 1);
  }
  SECTION("a clock that went on changes nothing") {
    CHECK(*store.restart_event_waits(kNow) == 0);
    CHECK(*store.restart_event_waits(kNow + 2h) == 0);
    CHECK(claim_one(store).event.event_id == "evt_1");
  }
}

void check_accepting(Store& store) {
  SECTION("an accepted event comes back as it was stored") {
    InboxEvent sample = event("evt_1");
    sample.body = std::string("\x00\xff{}\r\n", 6);
    sample.headers = {{"X-A", "1"}, {"X-A", ""}, {"X-B", std::string("\x80\0,:", 4)}};
    sample.timestamp = kNow - 3s;
    sample.matched_secret = 1;
    const auto accepted = store.accept(sample, "evt_1", "\"accepted\"", kNow, 24h);
    REQUIRE(accepted);
    CHECK(accepted->kind == Kind::accepted);
    const auto stored = store.get_event(accepted->key);
    REQUIRE((stored && *stored));
    CHECK((*stored)->body == sample.body);
    REQUIRE((*stored)->headers.size() == 3);
    CHECK((*stored)->headers[1].value.empty());
    CHECK((*stored)->headers[2].value == sample.headers[2].value);
    CHECK((*stored)->timestamp == kNow - 3s);
    CHECK((*stored)->matched_secret == 1);
    CHECK((*stored)->event_id == "evt_1");
    CHECK((*stored)->event_key == "evt_1");
    CHECK((*stored)->state == InboxState::pending);
    CHECK((*stored)->next_attempt_at == kNow);
    CHECK((*stored)->received_at == kNow);
  }
  SECTION("a repeat is a duplicate with the kept result, and stores nothing") {
    const auto first = store.accept(event("evt_1"), "evt_1", "\"accepted\"", kNow, 24h);
    const auto again = store.accept(event("evt_1"), "evt_1", "\"other\"", kNow + 1h, 24h);
    REQUIRE(again);
    CHECK(again->kind == Kind::duplicate);
    CHECK(again->key == first->key);
    CHECK(again->kept_result == "\"accepted\"");
    CHECK(store.list_events({})->size() == 1);
    CHECK(store.accept(event("evt_1"), "evt_1", "", kNow + 24h, 24h)->kind == Kind::accepted);
  }
  SECTION("without a key every request is an event of its own") {
    CHECK(store.accept(event("a"), std::nullopt, "", kNow, 24h)->kind == Kind::accepted);
    CHECK(store.accept(event("a"), std::nullopt, "", kNow, 24h)->kind == Kind::accepted);
    CHECK(store.list_events({})->size() == 2);
    CHECK_FALSE(store.list_events({})->front().event_key);
  }
  SECTION("a key that a handler holds is running, and free when its lease is over") {
    const auto claim = store.claim({"stripe", "evt_1"}, kNow, 60s);
    CHECK(store.accept(event("evt_1"), "evt_1", "", kNow, 24h)->kind == Kind::running);
    CHECK(store.accept(event("evt_1"), "evt_1", "", kNow + 60s, 24h)->kind == Kind::accepted);
    CHECK(store.complete({"stripe", "evt_1"}, claim->token, "", kNow + 61s, 24h).error().code ==
          ErrorCode::lease_lost);
  }
  SECTION("a key that an inline handler completed makes the event a duplicate") {
    const auto claim = store.claim({"stripe", "evt_1"}, kNow, 60s);
    REQUIRE(store.complete({"stripe", "evt_1"}, claim->token, "7", kNow, 24h));
    const auto accepted = store.accept(event("evt_1"), "evt_1", "", kNow, 24h);
    CHECK(accepted->kind == Kind::duplicate);
    CHECK(accepted->key == 0);
    CHECK(accepted->kept_result == "7");
  }
  SECTION("an accepted event completes its key for claims too") {
    REQUIRE(store.accept(event("evt_1"), "evt_1", "\"accepted\"", kNow, 24h));
    CHECK(store.claim({"stripe", "evt_1"}, kNow, 60s)->kind == ClaimResult::Kind::completed);
  }
  SECTION("a repeat of a dead event makes it pending again with a fresh budget") {
    const auto first = store.accept(event("evt_1"), "evt_1", "", kNow, 24h);
    kill_event(store, first->key);
    const auto again = store.accept(event("evt_1"), "evt_1", "", kNow + 1min, 24h);
    CHECK(again->kind == Kind::revived);
    CHECK(again->key == first->key);
    const auto row = *store.get_event(first->key);
    CHECK(row->state == InboxState::pending);
    CHECK(row->attempts == 0);
    CHECK(row->next_attempt_at == kNow + 1min);
    CHECK(store.accept(event("evt_1"), "evt_1", "", kNow + 1min, 24h)->kind == Kind::duplicate);
  }
}

void check_accepting_many(Store& store) {
  const InboxEvent first = event("evt_1");
  const InboxEvent second = event("evt_2");

  SECTION("many events are accepted in their order, each with an answer of its own") {
    const std::vector<NewEvent> both{{first, "evt_1"}, {second, "evt_2"}};
    const auto accepted = store.accept_many(both, "\"accepted\"", kNow, 24h);
    REQUIRE(accepted);
    REQUIRE(accepted->size() == 2);
    CHECK((*accepted)[0].kind == Kind::accepted);
    CHECK((*accepted)[1].kind == Kind::accepted);
    CHECK((*accepted)[0].key < (*accepted)[1].key);
    CHECK((*store.get_event((*accepted)[1].key))->event_id == "evt_2");
    const auto again = store.accept_many(both, "", kNow, 24h);
    CHECK((*again)[0].kind == Kind::duplicate);
    CHECK((*again)[0].kept_result == "\"accepted\"");
    CHECK((*again)[1].key == (*accepted)[1].key);
    CHECK(store.list_events({})->size() == 2);
  }
  SECTION("of two with one key the second is a duplicate of the first") {
    const std::vector<NewEvent> twice{{first, "same"}, {second, "same"}};
    const auto accepted = store.accept_many(twice, "", kNow, 24h);
    CHECK((*accepted)[0].kind == Kind::accepted);
    CHECK((*accepted)[1].kind == Kind::duplicate);
    CHECK((*accepted)[1].key == (*accepted)[0].key);
    CHECK(store.list_events({})->size() == 1);
  }
  SECTION("known, running, dead and new ones in one call are told apart") {
    REQUIRE(store.accept(first, "known", "", kNow, 24h));
    const auto dead = store.accept(first, "dead", "", kNow - 1s, 24h);
    kill_event(store, dead->key);
    REQUIRE(store.claim({"stripe", "running"}, kNow, 60s));
    const std::vector<NewEvent> mixed{{second, "known"},
                                      {second, "running"},
                                      {second, "dead"},
                                      {second, "new"},
                                      {second, std::nullopt}};
    const auto accepted = store.accept_many(mixed, "", kNow, 24h);
    REQUIRE(accepted->size() == 5);
    CHECK((*accepted)[0].kind == Kind::duplicate);
    CHECK((*accepted)[1].kind == Kind::running);
    CHECK((*accepted)[2].kind == Kind::revived);
    CHECK((*accepted)[2].key == dead->key);
    CHECK((*accepted)[3].kind == Kind::accepted);
    CHECK((*accepted)[4].kind == Kind::accepted);
    CHECK(store.list_events({.state = InboxState::pending})->size() == 4);
  }
  SECTION("nothing is nothing") { CHECK(store.accept_many({}, "", kNow, 24h)->empty()); }
}

void check_working(Store& store) {
  const auto first = store.accept(event("evt_1"), "evt_1", "", kNow + 1s, 24h);
  const auto second = store.accept(event("evt_2"), "evt_2", "", kNow, 24h);

  SECTION("what is due is claimed once, oldest first, and what is not due waits") {
    CHECK(*store.next_event_due_at() == kNow);
    const auto early = store.claim_due_events(kNow, 10, 60s);
    REQUIRE(early->size() == 1);
    CHECK(early->front().event.key == second->key);
    CHECK(early->front().event.state == InboxState::running);
    CHECK(early->front().event.body == event("evt_2").body);
    CHECK(*store.next_event_due_at() == kNow + 1s);
    CHECK(store.claim_due_events(kNow + 2s, 10, 60s)->front().event.key == first->key);
    CHECK(store.claim_due_events(kNow + 2s, 10, 60s)->empty());
    CHECK_FALSE(*store.next_event_due_at());
  }
  SECTION("the oldest due event is claimed first and the limit holds") {
    const auto claimed = store.claim_due_events(kNow + 2s, 1, 60s);
    REQUIRE(claimed->size() == 1);
    CHECK(claimed->front().event.key == second->key);
    CHECK(store.claim_due_events(kNow + 2s, 0, 60s)->empty());
  }
  SECTION("done keeps the handler's result and does not count as a failed run") {
    const auto claimed = claim_one(store);
    REQUIRE(store.complete_event(
        {claimed.event.key, claimed.token, InboxState::done, {}, true, "{\"a\":1}", ""},
        kNow + 1s));
    const auto row = *store.get_event(claimed.event.key);
    CHECK(row->state == InboxState::done);
    CHECK(row->handler_result == "{\"a\":1}");
    CHECK(row->attempts == 0);
    CHECK(row->updated_at == kNow + 1s);
  }
  SECTION("a failed run waits for its next one and is counted, a snooze is not") {
    auto claimed = claim_one(store);
    REQUIRE(store.complete_event(
        {claimed.event.key, claimed.token, InboxState::pending, kNow + 5s, true, "", "boom"},
        kNow));
    auto row = *store.get_event(claimed.event.key);
    CHECK(row->attempts == 1);
    CHECK(row->last_error == "boom");
    CHECK(row->next_attempt_at == kNow + 5s);
    claimed = store.claim_due_events(kNow + 5s, 10, 60s)->back();
    REQUIRE(claimed.event.key == second->key);
    REQUIRE(store.complete_event(
        {claimed.event.key, claimed.token, InboxState::pending, kNow + 9s, false, "", ""}, kNow));
    CHECK((*store.get_event(claimed.event.key))->attempts == 1);
  }
  SECTION("a completion needs its claim's token") {
    const auto claimed = claim_one(store);
    EventCompletion forged{claimed.event.key, LeaseToken{"forged"}};
    CHECK(store.complete_event(forged, kNow).error().code == ErrorCode::lease_lost);
    forged.token = {};
    CHECK(store.complete_event(forged, kNow).error().code == ErrorCode::lease_lost);
    CHECK(store.complete_event({claimed.event.key, claimed.token}, kNow));
    CHECK(store.complete_event({claimed.event.key, claimed.token}, kNow).error().code ==
          ErrorCode::lease_lost);
  }
  SECTION("no run ends as running") {
    const auto claimed = claim_one(store);
    CHECK(store.complete_event({claimed.event.key, claimed.token, InboxState::running}, kNow)
              .error()
              .code == ErrorCode::config);
  }
}

void check_reaping(Store& store) {
  const auto stored = store.accept(event("evt_1"), "evt_1", "", kNow, 24h);

  SECTION("a lease that ran out gives the event back, and the late run is fenced off") {
    const auto claimed = claim_one(store);
    CHECK(*store.reap_events(kNow + 59s) == 0);
    CHECK(*store.reap_events(kNow + 60s) == 1);
    CHECK(*store.reap_events(kNow + 60s) == 0);
    CHECK((*store.get_event(stored->key))->crashes == 1);
    CHECK(store.complete_event({stored->key, claimed.token}, kNow + 61s).error().code ==
          ErrorCode::lease_lost);
    CHECK(claim_one(store, kNow + 60s).token.value != claimed.token.value);
  }
  SECTION("the third crash kills the event") {
    TimePoint now = kNow;
    for (int crash = 1; crash <= kMaxInboxCrashes; ++crash) {
      claim_one(store, now);
      now += 60s;
      REQUIRE(*store.reap_events(now) == 1);
    }
    const auto row = *store.get_event(stored->key);
    CHECK(row->state == InboxState::dead);
    CHECK(row->last_error == "crash_loop");
    CHECK(row->crashes == kMaxInboxCrashes);
    CHECK_FALSE(row->next_attempt_at);
  }
  SECTION("a dead event can be replayed, another one cannot") {
    CHECK(store.replay_event(stored->key, kNow).error().code == ErrorCode::conflict);
    kill_event(store, stored->key);
    REQUIRE(store.replay_event(stored->key, kNow + 1h));
    CHECK((*store.get_event(stored->key))->state == InboxState::pending);
    CHECK((*store.get_event(stored->key))->attempts == 0);
    CHECK(store.replay_event(999, kNow).error().code == ErrorCode::not_found);
  }
  SECTION("events are listed newest first, by source, state and cursor") {
    REQUIRE(store.accept(event("a", "github"), "a", "", kNow, 24h));
    const auto last = store.accept(event("b", "github"), "b", "", kNow, 24h);
    CHECK(store.list_events({})->size() == 3);
    CHECK(store.list_events({})->front().key == last->key);
    CHECK(store.list_events({.source = "github"})->size() == 2);
    CHECK(store.list_events({.before_key = last->key})->size() == 2);
    CHECK(store.list_events({.limit = 1})->size() == 1);
    kill_event(store, stored->key);
    CHECK(store.list_events({.state = InboxState::dead})->size() == 1);
    CHECK(store.list_events({.source = "github", .state = InboxState::dead})->empty());
    CHECK_FALSE(*store.get_event(999));
  }
}

}  // namespace

void check_inbox(const MakeStore& make) {
  const auto store = make();
  SECTION("accepting") { check_accepting(*store); }
  SECTION("accepting many") { check_accepting_many(*store); }
  SECTION("working") { check_working(*store); }
  SECTION("reaping and listing") { check_reaping(*store); }
  SECTION("a clock that is set") { check_clock_that_is_set(*store); }
}

}  // namespace webhookcore::conformance
