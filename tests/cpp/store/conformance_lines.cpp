// Endpoints that keep an order (`fifo`).
#include <vector>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

Endpoint in_line(bool fifo = true) {
  Endpoint made = endpoint("ep_1");
  made.fifo = fifo;
  return made;
}

std::int64_t send(Store& store, const std::string& id, TimePoint now = kNow) {
  return send_one(store, message(id), now);
}

std::vector<std::int64_t> claimed_keys(Store& store, TimePoint now = kNow) {
  const auto claimed = store.claim_due(now, 10, 60s);
  REQUIRE(claimed);
  std::vector<std::int64_t> keys;
  for (const ClaimedDelivery& row : *claimed) keys.push_back(row.key);
  return keys;
}

using Keys = std::vector<std::int64_t>;

void fail_until(Store& store, const ClaimedDelivery& claimed, TimePoint next) {
  AttemptRecord failed = record(claimed, DeliverySignal::retry_scheduled);
  failed.next_attempt_at = next;
  REQUIRE(record_one(store, failed));
}

void check_turns(Store& store) {
  const auto first = send(store, "msg_1");
  const auto second = send(store, "msg_2");
  const auto third = send(store, "msg_3");

  SECTION("one at a time, in the order of sending") {
    for (const std::int64_t key : {first, second, third}) {
      const auto claimed = store.claim_due(kNow, 10, 60s);
      REQUIRE(claimed->size() == 1);
      CHECK(claimed->front().key == key);
      CHECK(claimed_keys(store).empty());
      CHECK_FALSE(*store.next_due_at());
      REQUIRE(record_one(store, record(claimed->front(), DeliverySignal::succeeded)));
    }
    CHECK(claimed_keys(store).empty());
  }
  SECTION("a delivery that dies, is cancelled or expires lets the next one go") {
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::failed_for_good)));
    CHECK(*store.next_due_at() == kNow);
    REQUIRE(store.cancel(second, kNow));
    CHECK(claimed_keys(store) == Keys{third});
  }
  SECTION("what is cancelled in the middle of the line only leaves it") {
    REQUIRE(store.cancel(second, kNow));
    const auto claimed = claim_one(store);
    CHECK(claimed.key == first);
    CHECK(claimed_keys(store).empty());
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded)));
    CHECK(claimed_keys(store) == Keys{third});
  }
  SECTION("a failure that may pass holds the line until its retry") {
    fail_until(store, claim_one(store), kNow + 5s);
    CHECK(*store.next_due_at() == kNow + 5s);
    CHECK(claimed_keys(store, kNow + 4s).empty());
    const auto retry = claim_one(store, kNow + 5s);
    CHECK(retry.key == first);
    REQUIRE(record_one(store, record(retry, DeliverySignal::schedule_spent)));
    CHECK(claimed_keys(store, kNow + 5s) == Keys{second});
  }
  SECTION("what is put back or taken from a dead owner is still the first") {
    const auto claimed = claim_one(store);
    const PutBack back{claimed.key, claimed.token, kNow + 1s};
    REQUIRE(store.put_back({&back, 1}, kNow));
    CHECK(claimed_keys(store, kNow).empty());
    CHECK(claimed_keys(store, kNow + 1s) == Keys{first});
    REQUIRE(*store.reap_deliveries(kNow + 61s) == 1);
    CHECK(claimed_keys(store, kNow + 61s) == Keys{first});
  }
  SECTION("only that line waits: another endpoint's deliveries are claimed") {
    REQUIRE(store.create_endpoint(endpoint("ep_2", {"invoice.*"})));
    fail_until(store, claim_one(store), kNow + 1h);
    auto sent = enqueue(store, message("msg_other", "invoice.paid"));
    REQUIRE(sent->deliveries.size() == 2);
    CHECK(claimed_keys(store) == Keys{sent->deliveries[1]});
  }
}

void check_line_times(Store& store) {
  NewMessage later = message("msg_1");
  NewMessage urgent = message("msg_2");

  SECTION("a deliver_at holds what was sent after it") {
    later.deliver_at = kNow + 1h;
    const auto first = send_one(store, later);
    const auto second = send_one(store, urgent);
    CHECK(claimed_keys(store).empty());
    const auto claimed = claim_one(store, kNow + 1h);
    CHECK(claimed.key == first);
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded)));
    CHECK(claimed_keys(store, kNow + 1h) == Keys{second});
  }
  SECTION("a priority overtakes nobody in the line") {
    const auto first = send_one(store, later);
    urgent.message.priority = Priority::high;
    send_one(store, urgent);
    CHECK(claimed_keys(store) == Keys{first});
  }
  SECTION("many that have expired leave the line in one claim") {
    for (int i = 0; i < 50; ++i) {
      NewMessage brief = message("msg_brief" + std::to_string(i));
      brief.message.expires_at = kNow + 1s;
      send_one(store, brief);
    }
    const auto last = send_one(store, message("msg_last"));
    CHECK(claimed_keys(store, kNow + 1s) == Keys{last});
    CHECK(store.count_deliveries({})->cancelled == 50);
  }
}

void check_replays(Store& store) {
  const auto first = send(store, "msg_1");
  const auto second = send(store, "msg_2");
  for (int i = 0; i < 2; ++i) {
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::schedule_spent)));
  }
  const auto third = send(store, "msg_3");
  const auto fourth = send(store, "msg_4");

  SECTION("a replayed delivery stands where it was sent, whichever is replayed first") {
    const bool oldest_first = GENERATE(true, false);
    REQUIRE(store.replay(oldest_first ? first : second, false, kNow));
    REQUIRE(store.replay(oldest_first ? second : first, false, kNow));
    for (const std::int64_t key : {first, second, third, fourth}) {
      const auto claimed = claim_one(store);
      CHECK(claimed.key == key);
      CHECK(claimed_keys(store).empty());
      REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded)));
    }
  }
  SECTION("what is under way is not interrupted by a replay") {
    const auto claimed = claim_one(store);
    REQUIRE(claimed.key == third);
    REQUIRE(store.replay(first, false, kNow));
    CHECK(claimed_keys(store).empty());
    fail_until(store, claimed, kNow);
    CHECK(claimed_keys(store) == Keys{first});
  }
  SECTION("a dead letter that is deleted was in nobody's way") {
    REQUIRE(store.delete_dead(first));
    CHECK(claimed_keys(store) == Keys{third});
  }
}

void check_switching(Store& store) {
  SECTION("with order switched off, all that waits may go") {
    const Keys keys{send(store, "msg_1"), send(store, "msg_2"), send(store, "msg_3")};
    const auto claimed = claim_one(store);
    REQUIRE(overwrite(store, in_line(false)));
    CHECK(claimed_keys(store) == Keys{keys[1], keys[2]});
    REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded)));
  }
  SECTION("with order switched on, what is under way ends, then the rest goes in a line") {
    REQUIRE(overwrite(store, in_line(false)));
    const Keys keys{send(store, "msg_1"), send(store, "msg_2"), send(store, "msg_3"),
                    send(store, "msg_4")};
    const auto claimed = store.claim_due(kNow, 2, 60s);
    REQUIRE(overwrite(store, in_line(true)));
    CHECK(claimed_keys(store).empty());
    REQUIRE(record_one(store, record(claimed->at(1), DeliverySignal::succeeded)));
    CHECK(claimed_keys(store).empty());
    fail_until(store, claimed->at(0), kNow + 1s);
    CHECK(claimed_keys(store).empty());
    for (const std::int64_t key : {keys[0], keys[2], keys[3]}) {
      const auto next = claim_one(store, kNow + 1s);
      CHECK(next.key == key);
      CHECK(claimed_keys(store, kNow + 1s).empty());
      REQUIRE(record_one(store, record(next, DeliverySignal::succeeded)));
    }
  }
  SECTION("a line waits while its endpoint is disabled, and goes on in order") {
    const Keys keys{send(store, "msg_1"), send(store, "msg_2"), send(store, "msg_3")};
    const auto claimed = claim_one(store);
    Endpoint changed = in_line();
    changed.state = EndpointState::disabled;
    REQUIRE(overwrite(store, changed));
    fail_until(store, claimed, kNow);
    CHECK(claimed_keys(store).empty());
    REQUIRE(store.cancel(keys[1], kNow));
    changed.state = EndpointState::enabled;
    REQUIRE(overwrite(store, changed));
    CHECK(claimed_keys(store) == Keys{keys[0]});
  }
  SECTION("disabled, switched and enabled again: the line is what the endpoint says now") {
    const bool fifo_at_last = GENERATE(true, false);
    REQUIRE(overwrite(store, in_line(!fifo_at_last)));
    const Keys keys{send(store, "msg_1"), send(store, "msg_2")};
    Endpoint changed = in_line(!fifo_at_last);
    changed.state = EndpointState::disabled;
    REQUIRE(overwrite(store, changed));
    changed.fifo = fifo_at_last;
    REQUIRE(overwrite(store, changed));
    CHECK(claimed_keys(store).empty());
    changed.state = EndpointState::enabled;
    REQUIRE(overwrite(store, changed));
    CHECK(claimed_keys(store) == (fifo_at_last ? Keys{keys[0]} : keys));
  }
  SECTION("a 410 holds the line with its endpoint") {
    const Keys keys{send(store, "msg_1"), send(store, "msg_2")};
    AttemptRecord gone = record(claim_one(store), DeliverySignal::failed_for_good);
    gone.disable_reason = "gone";
    REQUIRE(record_one(store, gone));
    CHECK(claimed_keys(store).empty());
    REQUIRE(overwrite(store, in_line()));
    CHECK(claimed_keys(store) == Keys{keys[1]});
  }
  SECTION("a deleted endpoint's line is cancelled, those that waited for their turn too") {
    const Keys keys{send(store, "msg_1"), send(store, "msg_2"), send(store, "msg_3")};
    const auto claimed = claim_one(store);
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    fail_until(store, claimed, kNow);
    CHECK(store.count_deliveries({})->cancelled == 3);
    CHECK(claimed_keys(store).empty());
  }
}

// As recover() asks for it.
void make_up_for_missed(Store& store) {
  const auto job = store.begin_replay(
      {.letters = {.endpoint_id = "ep_1"}, .missed_since = kNow - 24h * 365}, kNow);
  REQUIRE(job);
  for (int batch = 0; batch < 9; ++batch) {
    const auto worked = store.work_replay(job->key, 1, kNow);
    REQUIRE(worked);
    if (worked->state == ReplayJobState::done) return;
  }
  FAIL("it never ends");
}

std::string claim_message(Store& store) {
  const auto claimed = claim_one(store);
  REQUIRE(record_one(store, record(claimed, DeliverySignal::succeeded)));
  return claimed.message.id;
}

void check_missed(Store& store) {
  send(store, "msg_1");
  Endpoint changed = in_line();
  changed.state = EndpointState::disabled;
  REQUIRE(overwrite(store, changed));
  for (const char* id : {"msg_2", "msg_3"}) REQUIRE(enqueue(store, message(id)));
  changed.state = EndpointState::enabled;

  SECTION("what is made up for stands where it was sent, before what was sent later") {
    const bool first_enabled = GENERATE(true, false);
    if (!first_enabled) make_up_for_missed(store);
    REQUIRE(overwrite(store, changed));
    send(store, "msg_4");
    if (first_enabled) make_up_for_missed(store);
    for (const char* id : {"msg_1", "msg_2", "msg_3", "msg_4"}) {
      CHECK(claim_message(store) == id);
    }
  }
  SECTION("also before what had been let go, and it does not interrupt what is under way") {
    REQUIRE(overwrite(store, changed));
    claim_message(store);
    send(store, "msg_4");
    send(store, "msg_5");
    SECTION("let go") { make_up_for_missed(store); }
    SECTION("under way") {
      const auto claimed = claim_one(store);
      CHECK(claimed.message.id == "msg_4");
      make_up_for_missed(store);
      CHECK(claimed_keys(store).empty());
      fail_until(store, claimed, kNow);
    }
    for (const char* id : {"msg_2", "msg_3", "msg_4", "msg_5"}) {
      CHECK(claim_message(store) == id);
    }
  }
}

}  // namespace

void check_lines(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(in_line()));
  SECTION("turns") { check_turns(*store); }
  SECTION("times") { check_line_times(*store); }
  SECTION("replays") { check_replays(*store); }
  SECTION("what was missed") { check_missed(*store); }
  SECTION("switching") { check_switching(*store); }
}

}  // namespace webhookcore::conformance
