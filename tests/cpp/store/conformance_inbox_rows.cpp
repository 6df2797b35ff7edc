#include <vector>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;
using Kind = AcceptResult::Kind;

namespace {

std::int64_t accept(Store& store, const std::string& id, const std::string& source = "stripe",
                    const std::string& type = "invoice.paid", TimePoint now = kNow) {
  InboxEvent made = event(id, source);
  made.type = type;
  const auto accepted = store.accept(made, id, "\"accepted\"", now, 24h);
  REQUIRE(accepted);
  return accepted->key;
}

// All that is due comes to its end.
void finish_all(Store& store, InboxState state, const std::string& error, TimePoint now = kNow) {
  const auto claimed = store.claim_due_events(now, 100, 60s);
  REQUIRE(claimed);
  for (const ClaimedEvent& one : *claimed) {
    REQUIRE(store.complete_event({one.event.key, one.token, state, {}, true, "", error}, now));
  }
}

std::vector<std::int64_t> listed(Store& store, const InboxFilter& filter) {
  const auto events = store.list_events(filter);
  REQUIRE(events);
  std::vector<std::int64_t> keys;
  for (const InboxEvent& one : *events) keys.push_back(one.key);
  return keys;
}

// The dead: 1 and 2 of a ValueError and an OSError, 3 of another source, at kNow to kNow + 2s;
// 4 is done, 5 waits.
void fill(Store& store) {
  accept(store, "evt_1");
  finish_all(store, InboxState::dead, "ValueError: no: such");
  accept(store, "evt_2", "stripe", "charge.failed");
  finish_all(store, InboxState::dead, "OSError", kNow + 1s);
  accept(store, "evt_3", "github", "push", kNow + 2s);
  finish_all(store, InboxState::dead, "ValueErrors: x", kNow + 2s);
  accept(store, "evt_4", "stripe", "invoice.paid", kNow + 3s);
  finish_all(store, InboxState::done, "", kNow + 3s);
  accept(store, "evt_5", "stripe", "invoice.paid", kNow + 4s);
}

void check_filters(Store& store) {
  fill(store);
  using Keys = std::vector<std::int64_t>;

  SECTION("events are found by pattern, error, time and state together") {
    CHECK(listed(store, {.pattern = "invoice.*"}) == Keys{5, 4, 1});
    CHECK(listed(store, {.pattern = "invoice.*", .limit = 2}) == Keys{5, 4});
    CHECK(listed(store, {.pattern = "invoice.*", .before_key = 4}) == Keys{1});
    CHECK(listed(store, {.error = "ValueError"}) == Keys{1});
    CHECK(listed(store, {.error = "ValueError: no: such"}) == Keys{1});
    CHECK(listed(store, {.error = "OSError"}) == Keys{2});
    CHECK(listed(store, {.error = "OS"}).empty());
    CHECK(listed(store, {.since = kNow + 1s, .state = InboxState::dead}) == Keys{3, 2});
    CHECK(listed(store, {.until = kNow + 2s, .state = InboxState::dead}) == Keys{2, 1});
    CHECK(listed(store, {.source = "stripe", .pattern = "*a*", .since = kNow + 1s}) ==
          Keys{5, 4, 2});
  }
  SECTION("counts are by state, of the same filters") {
    const auto all = *store.count_events({});
    CHECK(all.pending == 1);
    CHECK(all.running == 0);
    CHECK(all.done == 1);
    CHECK(all.dead == 3);
    const auto some = *store.count_events({.source = "stripe", .pattern = "invoice.*"});
    CHECK(some.dead == 1);
    CHECK(some.pending == 1);
    CHECK(store.count_events({.error = "OSError", .state = InboxState::dead})->dead == 1);
  }
}

void check_many_replays(Store& store) {
  fill(store);
  std::int64_t place = 0;

  SECTION("the dead of a filter are replayed, oldest first, a few at a time") {
    std::size_t replayed = 0;
    int calls = 0;
    do {
      replayed += *store.replay_events({.source = "stripe"}, place, 1, kNow + 9s);
      ++calls;
    } while (place != 0 && calls < 20);
    CHECK(replayed == 2);
    CHECK(store.count_events({})->dead == 1);
    CHECK((*store.get_event(2))->next_attempt_at == kNow + 9s);
    CHECK((*store.get_event(2))->attempts == 0);
  }
  SECTION("nothing that is not dead, whatever the filter says") {
    CHECK(*store.replay_events({.state = InboxState::done}, place, 100, kNow) == 3);
    CHECK(place == 0);
    CHECK(store.count_events({})->done == 1);
  }
  SECTION("no more than the filter's limit, however many are looked at") {
    CHECK(*store.replay_events({.limit = 2}, place, 100, kNow) == 2);
    CHECK(store.count_events({})->dead == 1);
  }
  SECTION("what died after a time is left alone") {
    CHECK(*store.replay_events({.until = kNow + 1s}, place, 100, kNow) == 1);
  }
}

void check_deleting(Store& store) {
  fill(store);
  std::int64_t place = 0;

  SECTION("what is done or dead can be deleted, what is on its way cannot") {
    REQUIRE(store.delete_event(1));
    REQUIRE(store.delete_event(4));
    CHECK(store.delete_event(5).error().code == ErrorCode::conflict);
    CHECK(store.delete_event(1).error().code == ErrorCode::not_found);
    CHECK(store.delete_event(99).error().code == ErrorCode::not_found);
    CHECK(store.replay_event(1, kNow).error().code == ErrorCode::not_found);
    CHECK(listed(store, {}) == std::vector<std::int64_t>{5, 3, 2});
  }
  SECTION("a repeat of a deleted one stays a duplicate") {
    REQUIRE(store.delete_event(1));
    const auto again = store.accept(event("evt_1"), "evt_1", "", kNow + 5s, 24h);
    CHECK(again->kind == Kind::duplicate);
    CHECK(again->kept_result == "\"accepted\"");
  }
  SECTION("the key of the newest never comes again") {
    finish_all(store, InboxState::dead, "X", kNow + 4s);
    REQUIRE(store.delete_event(5));
    CHECK_FALSE(*store.get_event(5));
    CHECK(store.delete_event(5).error().code == ErrorCode::not_found);
    CHECK(store.replay_event(5, kNow).error().code == ErrorCode::not_found);
    CHECK(listed(store, {}).front() == 4);
    CHECK(store.count_events({})->done == 1);
    CHECK(store.accept(event("evt_5"), "evt_5", "", kNow + 5s, 24h)->kind == Kind::duplicate);
    CHECK(accept(store, "evt_6") == 6);
    PrunePlace pruned_to;
    Pruned pruned;
    REQUIRE(store.prune({.inbox_before = kNow + 20 * 24h}, pruned_to, pruned, kNow + 30 * 24h, 1s));
    CHECK(listed(store, {}) == std::vector<std::int64_t>{6});
  }
  SECTION("many are deleted by filter, and never what is on its way") {
    CHECK(*store.delete_events({.state = InboxState::dead}, place, 1) == 1);
    CHECK(place != 0);
    std::size_t deleted = 1;
    while (place != 0) deleted += *store.delete_events({.state = InboxState::dead}, place, 2);
    CHECK(deleted == 3);
    CHECK(*store.delete_events({}, place, 100) == 1);
    CHECK(listed(store, {}) == std::vector<std::int64_t>{5});
  }
}

void check_backlog(Store& store) {
  accept(store, "evt_1");
  accept(store, "evt_2", "github");
  accept(store, "evt_3", "github");
  finish_all(store, InboxState::done, "");
  accept(store, "evt_4");
  accept(store, "evt_5", "github");
  REQUIRE(store.claim_due_events(kNow, 1, 60s)->size() == 1);

  SECTION("the backlog is what waits or runs, up to a bound, of all or of one source") {
    CHECK(*store.count_inbox_backlog(100) == 2);
    CHECK(*store.count_inbox_backlog(1) == 1);
    CHECK(*store.count_inbox_backlog(100, "github") == 1);
    CHECK(*store.count_inbox_backlog(100, "absent") == 0);
  }
  SECTION("above the bound nothing new is accepted, what is known is a duplicate") {
    store.set_max_inbox(3);
    CHECK(accept(store, "evt_6") == 6);
    const auto refused = store.accept(event("evt_7"), "evt_7", "", kNow, 24h);
    CHECK(refused.error().code == ErrorCode::store_full);
    CHECK(refused.error().field == "max_backlog");
    CHECK(store.accept(event("evt_6"), "evt_6", "", kNow, 24h)->kind == Kind::duplicate);
    finish_all(store, InboxState::done, "");
    CHECK(accept(store, "evt_7") == 7);
    store.set_max_inbox(std::nullopt);
    for (int i = 8; i < 20; ++i) accept(store, "evt_" + std::to_string(i));
  }
  SECTION("room that others made is seen in time") {
    store.set_max_inbox(2);
    CHECK_FALSE(store.accept(event("evt_6"), "evt_6", "", kNow, 24h));
    // By hand, which tells this object nothing.
    CHECK(*store.reap_events(kNow + 60s) == 1);
    finish_all(store, InboxState::dead, "x", kNow + 60s);
    CHECK(accept(store, "evt_6", "stripe", "x", kNow + 61s) == 6);
  }
  SECTION("a transaction of several calls keeps to the bound") {
    store.set_max_inbox(3);
    REQUIRE(store.together([&](Store& inside) {
      CHECK(inside.accept(event("evt_6"), "evt_6", "", kNow, 24h));
      CHECK_FALSE(inside.accept(event("evt_7"), "evt_7", "", kNow, 24h));
    }));
    CHECK_FALSE(store.accept(event("evt_8"), "evt_8", "", kNow, 24h));
  }
}

}  // namespace

void check_inbox_rows(const MakeStore& make) {
  const auto store = make();
  SECTION("filters") { check_filters(*store); }
  SECTION("replaying many") { check_many_replays(*store); }
  SECTION("deleting") { check_deleting(*store); }
  SECTION("backlog") { check_backlog(*store); }
}

}  // namespace webhookcore::conformance
