#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

// Sends and lets die: a dead letter that failed at `died`.
std::int64_t dead_letter(Store& store, NewMessage message, TimePoint died = kNow,
                         DeliverySignal how = DeliverySignal::schedule_spent) {
  const auto sent = enqueue(store, message, kNow - 24h);
  REQUIRE(sent);
  REQUIRE(sent->deliveries.size() == 1);
  const auto claimed = store.claim_due(kNow - 24h, 1, 60s);
  REQUIRE(claimed->size() == 1);
  REQUIRE(record_one(store, record(claimed->front(), how), died));
  return sent->deliveries.front();
}

Delivery row_of(Store& store, std::int64_t key) {
  auto row = store.get_delivery(key);
  REQUIRE((row && *row));
  return **row;
}

ReplayJob work_to_the_end(Store& store, std::int64_t job, std::size_t limit = 100,
                          TimePoint now = kNow) {
  for (int batch = 0; batch < 1000; ++batch) {
    auto worked = store.work_replay(job, limit, now);
    REQUIRE(worked);
    if (worked->state == ReplayJobState::done) return *worked;
  }
  FAIL("it never ends");
  return {};
}

std::size_t delete_all(Store& store, const DeliveryFilter& filter, std::size_t limit = 2) {
  std::int64_t place = 0;
  std::size_t deleted = 0;
  do {
    const auto some = store.delete_dead_letters(filter, place, limit);
    REQUIRE(some);
    deleted += *some;
  } while (place != 0);
  return deleted;
}

void check_letters(Store& store) {
  std::vector<std::int64_t> letters;
  for (int i = 0; i < 5; ++i) {
    letters.push_back(
        dead_letter(store, message("msg_" + std::to_string(i), i < 3 ? "a" : "b"), kNow + i * 1s));
  }
  const TimePoint later = kNow + 1h;

  SECTION("a job puts back what matches, oldest first, in batches, each once") {
    auto job = store.begin_replay({.letters = {.type = "a"}}, later);
    REQUIRE(job);
    CHECK(job->matched == 3);
    CHECK(job->state == ReplayJobState::running);
    job = store.work_replay(job->key, 2, later);
    CHECK(job->replayed == 2);
    CHECK(row_of(store, letters[0]).state == DeliveryState::pending);
    CHECK(row_of(store, letters[1]).state == DeliveryState::pending);
    CHECK(row_of(store, letters[2]).state == DeliveryState::dead);
    const auto done = work_to_the_end(store, job->key, 2, later + 1s);
    CHECK(done.replayed == 3);
    CHECK(done.updated_at == later + 1s);
    CHECK(row_of(store, letters[2]).state == DeliveryState::pending);
    CHECK(row_of(store, letters[3]).state == DeliveryState::dead);
    const auto row = row_of(store, letters[0]);
    CHECK(row.replayed_at == later);
    CHECK(row.next_attempt_at == later);
    CHECK(row.budget_used == 0);
    CHECK(store.work_replay(job->key, 2, later)->replayed == 3);
    CHECK(store.claim_due(later + 1s, 10, 60s)->front().trigger == "replay");
  }
  SECTION("at a rate one is due after the other") {
    const auto job = store.begin_replay({.per_second = 0.5}, later);
    work_to_the_end(store, job->key, 1, later);
    for (int i = 0; i < 5; ++i) {
      CHECK(row_of(store, letters[static_cast<std::size_t>(i)]).next_attempt_at == later + i * 2s);
    }
  }
  SECTION("a letter that was replayed and died again is not taken twice by one job") {
    const auto job = store.begin_replay({}, later);
    REQUIRE(store.work_replay(job->key, 1, later));
    const auto claimed = store.claim_due(later, 1, 60s);
    REQUIRE(claimed->front().key == letters[0]);
    REQUIRE(record_one(store, record(claimed->front(), DeliverySignal::schedule_spent), later));
    CHECK(work_to_the_end(store, job->key).replayed == 5);
    CHECK(row_of(store, letters[0]).state == DeliveryState::dead);
  }
  SECTION("letters that die after it began are not in it") {
    const auto job = store.begin_replay({}, kNow + 2s);
    CHECK(job->matched == 3);
    CHECK(work_to_the_end(store, job->key).replayed == 3);
    CHECK(row_of(store, letters[3]).state == DeliveryState::dead);
  }
  SECTION("filters: times, error, endpoint, tenant, and at most so many") {
    const auto count = [&](const DeliveryFilter& filter) {
      return *store.count_replayable({.letters = filter}, kNow);
    };
    CHECK(count({}) == 5);
    CHECK(count({.since = kNow + 1s}) == 4);
    CHECK(count({.until = kNow + 1s}) == 1);
    CHECK(count({.since = kNow + 1s, .until = kNow + 3s}) == 2);
    CHECK(count({.error = "transient"}) == 5);
    CHECK(count({.error = "timeout"}) == 0);
    CHECK(count({.endpoint_id = "ep_1"}) == 5);
    CHECK(count({.endpoint_id = "ep_9"}) == 0);
    DeliveryFilter acme;
    acme.tenant.emplace("acme");
    CHECK(count(acme) == 0);
    DeliveryFilter none;
    none.tenant.emplace(std::nullopt);
    CHECK(count(none) == 5);
    CHECK(*store.count_replayable({.most = 2}, kNow) == 2);
    const auto job = store.begin_replay({.most = 2}, later);
    CHECK(work_to_the_end(store, job->key, 1).replayed == 2);
    CHECK(row_of(store, letters[1]).state == DeliveryState::pending);
    CHECK(row_of(store, letters[2]).state == DeliveryState::dead);
    CHECK(store
              .list_deliveries(
                  {.state = DeliveryState::dead, .error = "transient", .since = kNow + 4s})
              ->size() == 1);
  }
  SECTION("letters that have expired are not replayed") {
    NewMessage stale = message("msg_stale");
    stale.message.expires_at = kNow + 1min;
    const auto key = dead_letter(store, stale);
    CHECK(*store.count_replayable({}, kNow) == 6);
    CHECK(*store.count_replayable({}, later) == 5);
    const auto job = store.begin_replay({}, later);
    CHECK(work_to_the_end(store, job->key, 100, later).replayed == 5);
    CHECK(row_of(store, key).state == DeliveryState::dead);
  }
  SECTION("letters of a deleted endpoint are not replayed") {
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    CHECK(*store.count_replayable({}, kNow) == 0);
    const auto job = store.begin_replay({}, later);
    CHECK(job->matched == 0);
    CHECK(work_to_the_end(store, job->key).replayed == 0);
    CHECK(row_of(store, letters[0]).state == DeliveryState::dead);
  }
  SECTION("what was delivered once is replayed by force alone, dead or not") {
    REQUIRE(store.replay(letters[0], false, later));
    auto claimed = store.claim_due(later, 1, 60s);
    REQUIRE(record_one(store, record(claimed->front(), DeliverySignal::succeeded), later));
    REQUIRE(store.replay(letters[0], true, later));
    claimed = store.claim_due(later, 1, 60s);
    REQUIRE(record_one(store, record(claimed->front(), DeliverySignal::failed_for_good), later));
    CHECK(row_of(store, letters[0]).state == DeliveryState::dead);
    CHECK(store.replay(letters[0], false, later).error().code == ErrorCode::already_delivered);
    CHECK(*store.count_replayable({}, kNow) == 4);
    const auto job = store.begin_replay({}, later);
    CHECK(work_to_the_end(store, job->key).replayed == 4);
    CHECK(row_of(store, letters[0]).state == DeliveryState::dead);
    CHECK(store.replay(letters[0], true, later));
  }
  SECTION("jobs are listed newest first, by state, and keep what they were asked for") {
    const ReplayRequest request{.letters = {.endpoint_id = "ep_1",
                                            .type = "a",
                                            .error = "transient",
                                            .since = kNow,
                                            .until = kNow + 9s},
                                .most = 7,
                                .per_second = 2.5};
    const auto first = store.begin_replay(request, later);
    const auto second = store.begin_replay({}, later + 1s);
    work_to_the_end(store, second->key);
    const auto jobs = store.list_replays({});
    REQUIRE(jobs->size() == 2);
    CHECK((*jobs)[0].key == second->key);
    CHECK(store.list_replays({.state = ReplayJobState::running})->front().key == first->key);
    CHECK(store.list_replays({.before_key = second->key})->size() == 1);
    CHECK(store.list_replays({.limit = 1})->size() == 1);
    const auto kept = **store.get_replay(first->key);
    CHECK(kept.request.letters.endpoint_id == "ep_1");
    CHECK(kept.request.letters.type == "a");
    CHECK(kept.request.letters.error == "transient");
    CHECK(kept.request.letters.since == kNow);
    CHECK(kept.request.letters.until == kNow + 9s);
    CHECK_FALSE(kept.request.letters.tenant);
    CHECK(kept.request.most == 7);
    CHECK(kept.request.per_second == 2.5);
    CHECK(kept.created_at == later);
    CHECK_FALSE(*store.get_replay(999));
    CHECK(store.work_replay(999, 1, later).error().code == ErrorCode::not_found);
  }
  SECTION("a job whose worker stopped is found a minute later, and goes on where it was") {
    const auto job = store.begin_replay({}, later);
    REQUIRE(store.work_replay(job->key, 2, later));
    const auto abandoned = store.find_abandoned_replay(later + 61s);
    REQUIRE((abandoned && *abandoned));
    CHECK((*abandoned)->key == job->key);
    CHECK(work_to_the_end(store, job->key, 2, later + 61s).replayed == 5);
    CHECK_FALSE(*store.find_abandoned_replay(later + 999s));
  }
  SECTION("dead letters that match are deleted with their attempts, and nothing else") {
    CHECK(delete_all(store, {.type = "b"}) == 2);
    CHECK_FALSE(*store.get_delivery(letters[3]));
    CHECK(store.list_attempts(letters[3])->empty());
    CHECK(row_of(store, letters[0]).state == DeliveryState::dead);
    REQUIRE(store.replay(letters[0], false, later));
    CHECK(delete_all(store, {}) == 2);
    CHECK(row_of(store, letters[0]).state == DeliveryState::pending);
    CHECK(delete_all(store, {}) == 0);
  }
}

void disable(Store& store, bool disabled) {
  Endpoint changed = **store.get_endpoint("ep_1");
  changed.state = disabled ? EndpointState::disabled : EndpointState::enabled;
  REQUIRE(store.update_endpoint(changed, kNow));
}

ReplayRequest recovery(TimePoint since = kNow - 1h) {
  return {.letters = {.endpoint_id = "ep_1", .since = since}, .missed_since = since};
}

NewMessage sent_at(const std::string& id, TimePoint at, const std::string& type = "a") {
  NewMessage made = message(id, type);
  made.message.created_at = at;
  return made;
}

void check_missed(Store& store) {
  REQUIRE(enqueue(store, sent_at("msg_before", kNow - 30min)));
  disable(store, true);
  REQUIRE(enqueue(store, sent_at("msg_old", kNow - 2h))->deliveries.empty());
  REQUIRE(enqueue(store, sent_at("msg_1", kNow))->deliveries.empty());
  REQUIRE(enqueue(store, sent_at("msg_2", kNow + 1s))->deliveries.empty());
  NewMessage foreign = sent_at("msg_foreign", kNow);
  foreign.message.tenant = "acme";
  REQUIRE(enqueue(store, foreign));

  SECTION("what was sent while it was disabled is made up for, once") {
    disable(store, false);
    REQUIRE(enqueue(store, sent_at("msg_after", kNow + 2s)));
    CHECK(*store.count_replayable(recovery(), kNow) == 2);
    const auto job = store.begin_replay(recovery(), kNow + 1min);
    const auto done = work_to_the_end(store, job->key, 1);
    CHECK(done.missed == 2);
    CHECK(done.replayed == 0);
    const auto late = store.list_deliveries({.message_id = "msg_1"});
    REQUIRE(late->size() == 1);
    CHECK(late->front().endpoint_id == "ep_1");
    CHECK(late->front().state == DeliveryState::pending);
    CHECK(late->front().type == "a");
    CHECK(store.list_deliveries({.message_id = "msg_old"})->empty());
    CHECK(store.list_deliveries({.message_id = "msg_before"})->size() == 1);
    CHECK(store.list_deliveries({.message_id = "msg_after"})->size() == 1);
    CHECK(store.claim_due(kNow + 1h, 10, 60s)->size() == 4);

    CHECK(*store.count_replayable(recovery(), kNow) == 0);
    const auto again = store.begin_replay(recovery(), kNow + 2min);
    CHECK(work_to_the_end(store, again->key).missed == 0);
    const auto next = enqueue(store, sent_at("msg_next", kNow + 3s));
    CHECK(next->deliveries.front() > late->front().key);
  }
  SECTION("a message that was made up for and deleted does not come back") {
    disable(store, false);
    const auto job = store.begin_replay(recovery(), kNow + 1min);
    work_to_the_end(store, job->key);
    const auto key = store.list_deliveries({.message_id = "msg_1"})->front().key;
    const auto due = store.claim_due(kNow + 1h, 10, 60s);
    for (const auto& claimed : due.value()) {
      REQUIRE(record_one(store, record(claimed, DeliverySignal::failed_for_good)));
    }
    REQUIRE(store.delete_dead(key));
    CHECK(store.list_deliveries({.message_id = "msg_1"})->empty());
    CHECK(*store.count_replayable({.letters = {.endpoint_id = "ep_1"}, .missed_since = kNow - 1h},
                                  kNow) == 2);
  }
  SECTION("while it is still disabled, what is made up for waits") {
    const auto job = store.begin_replay(recovery(), kNow + 1min);
    CHECK(work_to_the_end(store, job->key).missed == 2);
    CHECK(store.claim_due(kNow + 1h, 10, 60s)->empty());
    REQUIRE(enqueue(store, sent_at("msg_3", kNow + 2min))->deliveries.empty());
    disable(store, false);
    CHECK(store.claim_due(kNow + 1h, 10, 60s)->size() == 3);
    CHECK(*store.count_replayable(recovery(), kNow) == 1);
  }
  SECTION("a deliver_at is kept: what is made up for is not due before it") {
    NewMessage scheduled = sent_at("msg_scheduled", kNow);
    scheduled.deliver_at = kNow + 2h;
    NewMessage soon = sent_at("msg_soon", kNow);
    soon.deliver_at = kNow + 1s;
    REQUIRE(enqueue(store, scheduled)->deliveries.empty());
    REQUIRE(enqueue(store, soon)->deliveries.empty());
    SECTION("made up for while it is disabled") {
      const auto job = store.begin_replay(recovery(), kNow + 1min);
      CHECK(work_to_the_end(store, job->key, 1, kNow + 1min).missed == 4);
      disable(store, false);
    }
    SECTION("or later") {
      disable(store, false);
      const auto job = store.begin_replay(recovery(), kNow + 1min);
      CHECK(work_to_the_end(store, job->key, 1, kNow + 1min).missed == 4);
    }
    const auto due_at = [&](const char* id) {
      return store.list_deliveries({.message_id = id})->front().next_attempt_at;
    };
    CHECK(due_at("msg_scheduled") == kNow + 2h);
    CHECK(due_at("msg_soon") == kNow + 1min);
    CHECK(due_at("msg_1") == kNow + 1min);
  }
  SECTION("only types that it subscribes to now") {
    Endpoint changed = **store.get_endpoint("ep_1");
    changed.events = {"b"};
    REQUIRE(store.update_endpoint(changed, kNow));
    CHECK(*store.count_replayable(recovery(), kNow) == 0);
    const auto job = store.begin_replay(recovery(), kNow + 1min);
    CHECK(work_to_the_end(store, job->key).missed == 0);
  }
  SECTION("the rate and the limit hold for letters and what was missed together") {
    auto request = recovery();
    request.most = 1;
    request.per_second = 1.0;
    CHECK(*store.count_replayable(request, kNow) == 1);
    const auto job = store.begin_replay(request, kNow + 1min);
    CHECK(work_to_the_end(store, job->key).missed == 1);
    CHECK(store.list_deliveries({.message_id = "msg_2"})->empty());
  }
  SECTION("an endpoint that is not there is not found") {
    ReplayRequest request = recovery();
    request.letters.endpoint_id = "ep_9";
    CHECK(store.begin_replay(request, kNow).error().code == ErrorCode::not_found);
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    CHECK(store.begin_replay(recovery(), kNow).error().code == ErrorCode::not_found);
  }
}

void set_state(Store& store, EndpointState state, TimePoint now) {
  Endpoint row = **store.get_endpoint("ep_1");
  row.state = state;
  REQUIRE(overwrite(store, row, now));
}

// How many are due at `now` and were not before.
std::size_t claimed_at(Store& store, TimePoint now) {
  const auto claimed = store.claim_due(now, 100, 60s);
  REQUIRE(claimed);
  return claimed->size();
}

void check_pauses(Store& store) {
  for (const char* id : {"msg_1", "msg_2", "msg_3"}) dead_letter(store, message(id));
  const TimePoint later = kNow + 1h;
  const auto replay_all = [&] {
    const auto job = store.begin_replay({.letters = {}, .per_second = 1}, later);
    REQUIRE(job);
    work_to_the_end(store, job->key, 100, later);
  };

  SECTION("what is replayed at a rate keeps it when its endpoint is disabled on the way") {
    replay_all();
    set_state(store, EndpointState::disabled, later + 500ms);
    const TimePoint enabled = later + 24h;
    CHECK(claimed_at(store, enabled) == 0);
    set_state(store, EndpointState::enabled, enabled);
    CHECK(claimed_at(store, enabled) == 1);
    CHECK(claimed_at(store, enabled + 499ms) == 0);
    CHECK(claimed_at(store, enabled + 500ms) == 1);
    CHECK(claimed_at(store, enabled + 1500ms) == 1);
  }
  SECTION("what is replayed at a rate for a disabled endpoint begins when it is enabled") {
    set_state(store, EndpointState::disabled, later - 1min);
    replay_all();
    const TimePoint enabled = later + 24h;
    set_state(store, EndpointState::enabled, enabled);
    CHECK(claimed_at(store, enabled) == 1);
    CHECK(claimed_at(store, enabled + 999ms) == 0);
    CHECK(claimed_at(store, enabled + 1s) == 1);
    CHECK(claimed_at(store, enabled + 2s) == 1);
  }
}

}  // namespace

void check_replays(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  SECTION("many dead letters") { check_letters(*store); }
  SECTION("what an endpoint missed") { check_missed(*store); }
  SECTION("a rate and a pause") { check_pauses(*store); }
}

}  // namespace webhookcore::conformance
