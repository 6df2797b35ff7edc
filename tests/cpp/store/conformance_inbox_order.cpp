#include <algorithm>
#include <vector>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

std::int64_t accept(Store& store, InboxEvent event, TimePoint now = kNow) {
  const auto accepted = store.accept(event, std::nullopt, "", now, 24h);
  REQUIRE(accepted);
  return accepted->key;
}

std::int64_t accept(Store& store, const std::string& source, Priority priority = Priority::normal,
                    TimePoint now = kNow) {
  InboxEvent made = event("evt", source);
  made.priority = priority;
  return accept(store, made, now);
}

std::vector<ClaimedEvent> claim(Store& store, const EventClaim& wanted, TimePoint now = kNow) {
  EventClaim claim = wanted;
  claim.lease = 60s;
  auto claimed = store.claim_due_events(claim, now);
  REQUIRE(claimed);
  return std::move(*claimed);
}

std::vector<std::int64_t> keys_of(const std::vector<ClaimedEvent>& claimed) {
  std::vector<std::int64_t> keys;
  for (const ClaimedEvent& one : claimed) keys.push_back(one.event.key);
  return keys;
}

void finish(Store& store, const ClaimedEvent& claimed, InboxState state = InboxState::done) {
  REQUIRE(store.complete_event({claimed.event.key, claimed.token, state, kNow}, kNow));
}

void check_priorities(Store& store) {
  const auto low = accept(store, "stripe", Priority::low, kNow - 2s);
  const auto normal = accept(store, "github", Priority::normal, kNow - 1s);
  const auto high = accept(store, "stripe", Priority::high, kNow);

  SECTION("the higher priority goes first, however long the lower one has waited") {
    const auto claimed = claim(store, {.limit = 10});
    CHECK(keys_of(claimed) == std::vector{high, normal, low});
    CHECK(claimed.front().event.priority == Priority::high);
    CHECK((*store.get_event(low))->priority == Priority::low);
    CHECK(claimed[0].token.value != claimed[1].token.value);
  }
  SECTION("a priority is not claimed before its time") {
    CHECK(*store.next_event_due_at() == kNow - 2s);
    CHECK(keys_of(claim(store, {.limit = 10}, kNow - 1s)) == std::vector{normal, low});
  }
  SECTION("first runs go before retries of their priority, and a replay is a first run") {
    finish(store, claim(store, {})[0], InboxState::pending);
    const auto fresh = accept(store, "stripe", Priority::high);
    auto claimed = claim(store, {.limit = 2});
    CHECK(keys_of(claimed) == std::vector{fresh, high});
    finish(store, claimed[1], InboxState::dead);
    REQUIRE(store.replay_event(high, kNow));
    finish(store, claimed[0], InboxState::pending);
    CHECK(keys_of(claim(store, {.limit = 2})) == std::vector{high, fresh});
  }
}

void check_no_starvation(Store& store) {
  for (int i = 0; i < 60; ++i) accept(store, "stripe", Priority::high);
  const auto low = accept(store, "github", Priority::low);

  SECTION("a lower priority has its share of a long backlog, in one claim or in many") {
    std::vector<std::int64_t> keys;
    if (GENERATE(true, false)) {
      keys = keys_of(claim(store, {.limit = 16}));
    } else {
      for (int i = 0; i < 16; ++i) keys.push_back(claim(store, {})[0].event.key);
    }
    CHECK(std::count(keys.begin(), keys.end(), low) == 1);
  }
}

void check_limits(Store& store) {
  const auto first = accept(store, "stripe", Priority::high, kNow - 3s);
  const auto second = accept(store, "stripe", Priority::normal, kNow - 2s);
  const auto other = accept(store, "github", Priority::normal, kNow - 1s);
  const std::vector<SourceLimit> one{{"stripe", 1}, {"absent", 1}};

  SECTION("of a source no more are claimed than its limit, in one call or in two") {
    const auto claimed = claim(store, {.limit = 10, .limits = one});
    CHECK(keys_of(claimed) == std::vector{first, other});
    CHECK(claim(store, {.limit = 10, .limits = one}).empty());
    CHECK_FALSE(*store.next_event_due_at(one));
    CHECK(*store.next_event_due_at() == kNow - 2s);
    finish(store, claimed[0]);
    CHECK(*store.next_event_due_at(one) == kNow - 2s);
    CHECK(keys_of(claim(store, {.limit = 10, .limits = one})) == std::vector{second});
  }
  SECTION("a limit of nothing keeps a source out altogether") {
    const std::vector<SourceLimit> none{{"stripe", 0}};
    CHECK(*store.next_event_due_at(none) == kNow - 1s);
    CHECK(keys_of(claim(store, {.limit = 10, .limits = none})) == std::vector{other});
  }
  SECTION("a run that was taken back makes room") {
    claim(store, {.limits = one});
    CHECK(*store.reap_events(kNow + 60s) == 1);
    CHECK(claim(store, {.limit = 10, .limits = one}, kNow + 60s).size() == 2);
  }
}

void check_batches(Store& store) {
  std::vector<std::int64_t> invoices;
  for (int i = 0; i < 4; ++i) {
    invoices.push_back(accept(store, "stripe"));
    InboxEvent charge = event("ch");
    charge.type = "charge.failed";
    accept(store, charge);
  }
  InboxEvent untyped = event("none");
  untyped.type = std::nullopt;
  const auto last = accept(store, untyped);
  accept(store, "github");
  const EventsLike wanted{"stripe", "invoice.*"};

  SECTION("a batch is of one source and pattern, oldest first, and has one token") {
    const auto batch = claim(store, {.limit = 3, .only = wanted});
    CHECK(keys_of(batch) == std::vector(invoices.begin(), invoices.begin() + 3));
    CHECK(batch[0].token.value == batch[2].token.value);
    CHECK(keys_of(claim(store, {.limit = 9, .only = wanted})) == std::vector{invoices[3]});
    CHECK(claim(store, {.limit = 9, .only = wanted}).empty());
    CHECK(claim(store, {.limit = 9, .only = EventsLike{"absent", "*"}}).empty());
  }
  SECTION("an event without a type is of the patterns that take an empty one") {
    const auto all = keys_of(claim(store, {.limit = 99, .only = EventsLike{"stripe", "*"}}));
    CHECK(all.size() == 9);
    CHECK(all.back() == last);
  }
  SECTION("more can join a batch, and each row is completed by itself") {
    const auto one = claim(store, {});
    const auto more = claim(store, {.limit = 2, .only = wanted, .join = one[0].token});
    REQUIRE(more.size() == 2);
    CHECK(more[0].token.value == one[0].token.value);
    finish(store, more[1]);
    CHECK((*store.get_event(more[0].event.key))->state == InboxState::running);
    finish(store, more[0]);
  }
  SECTION("a batch takes one place of its source's limit") {
    const std::vector<SourceLimit> two{{"stripe", 2}};
    CHECK(claim(store, {.limit = 3, .limits = two, .only = wanted}).size() == 3);
    CHECK(claim(store, {.limit = 9, .limits = two, .only = wanted}).size() == 1);
    CHECK(claim(store, {.limit = 9, .limits = two, .only = EventsLike{"stripe", "*"}}).empty());
  }
  SECTION("many are completed at once, each with an answer of its own") {
    const auto batch = claim(store, {.limit = 2, .only = wanted});
    const std::vector<EventCompletion> done{{batch[0].event.key, batch[0].token},
                                            {batch[0].event.key, batch[0].token},
                                            {batch[1].event.key, LeaseToken{"forged"}},
                                            {batch[1].event.key, batch[1].token}};
    const auto results = store.complete_events(done, kNow);
    REQUIRE(results.size() == 4);
    CHECK(results[0]);
    CHECK(results[1].error().code == ErrorCode::lease_lost);
    CHECK(results[2].error().code == ErrorCode::lease_lost);
    CHECK(results[3]);
    CHECK(store.complete_events({}, kNow).empty());
  }
}

}  // namespace

void check_inbox_order(const MakeStore& make) {
  const auto store = make();
  SECTION("priorities") { check_priorities(*store); }
  SECTION("starvation") { check_no_starvation(*store); }
  SECTION("limits") { check_limits(*store); }
  SECTION("batches") { check_batches(*store); }
}

}  // namespace webhookcore::conformance
