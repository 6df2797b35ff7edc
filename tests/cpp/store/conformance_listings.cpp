#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

NewMessage acme_message(const std::string& id, const std::string& type) {
  NewMessage made = message(id, type);
  made.message.tenant = "acme";
  return made;
}

template <typename Filter>
Filter for_tenant(std::optional<std::string> tenant) {
  Filter filter;
  filter.tenant.emplace(std::move(tenant));
  return filter;
}

void check_messages(Store& store) {
  SECTION("messages are listed newest first, by tenant, type and cursor") {
    const auto all = store.list_messages({});
    REQUIRE(all->size() == 3);
    CHECK((*all)[0].id == "msg_3");
    CHECK((*all)[2].id == "msg_1");
    CHECK(store.list_messages(for_tenant<MessageFilter>(std::nullopt))->size() == 2);
    CHECK(store.list_messages(for_tenant<MessageFilter>("acme"))->front().id == "msg_2");
    CHECK(store.list_messages(for_tenant<MessageFilter>(""))->empty());
    CHECK(store.list_messages({.type = "b"})->size() == 2);
    CHECK(store.list_messages({.before_id = "msg_3"})->front().id == "msg_2");
    CHECK(store.list_messages({.before_id = "msg_1"})->empty());
    CHECK(store.list_messages({.limit = 2})->size() == 2);
    CHECK_FALSE(*store.get_message("msg_9"));
  }
}

void check_filters(Store& store) {
  SECTION("deliveries are listed newest first, by every filter") {
    const auto all = store.list_deliveries({});
    REQUIRE(all->size() == 5);
    CHECK((*all)[0].message_id == "msg_3");
    CHECK((*all)[0].key > (*all)[1].key);
    CHECK((*all)[4].message_id == "msg_1");
    CHECK(store.list_deliveries(for_tenant<DeliveryFilter>("acme"))->size() == 1);
    CHECK(store.list_deliveries(for_tenant<DeliveryFilter>(std::nullopt))->size() == 4);
    CHECK(store.list_deliveries({.endpoint_id = "ep_1"})->size() == 2);
    CHECK(store.list_deliveries({.endpoint_id = "ep_9"})->empty());
    CHECK(store.list_deliveries({.message_id = "msg_3"})->size() == 2);
    CHECK(store.list_deliveries({.message_id = "msg_9"})->empty());
    CHECK(store.list_deliveries({.type = "b"})->size() == 3);
    CHECK(store.list_deliveries({.before_key = (*all)[1].key})->size() == 3);
    CHECK(store.list_deliveries({.limit = 1})->size() == 1);
    CHECK(store.list_deliveries({.endpoint_id = "ep_1", .message_id = "msg_3"})->size() == 1);
  }
  SECTION("states are listed and counted") {
    const auto claimed = store.claim_due(kNow, 3, 60s);
    REQUIRE(claimed->size() == 3);
    REQUIRE(record_one(store, record((*claimed)[0], DeliverySignal::failed_for_good)));
    REQUIRE(record_one(store, record((*claimed)[1], DeliverySignal::succeeded)));
    const auto pending = store.list_deliveries({.state = DeliveryState::pending});
    REQUIRE(store.cancel(pending->front().key, kNow));
    const auto counts = store.count_deliveries({});
    CHECK(counts->pending == 1);
    CHECK(counts->in_flight == 1);
    CHECK(counts->delivered == 1);
    CHECK(counts->dead == 1);
    CHECK(counts->cancelled == 1);
    const auto dead = store.list_deliveries({.state = DeliveryState::dead});
    REQUIRE(dead->size() == 1);
    CHECK(dead->front().key == (*claimed)[0].key);
    CHECK(store.count_deliveries({.state = DeliveryState::dead})->dead == 1);
    CHECK(store.count_deliveries({.state = DeliveryState::dead})->pending == 0);
    CHECK(store.count_deliveries({.message_id = "msg_9"})->pending == 0);
  }
}

}  // namespace

void check_listings(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  REQUIRE(store->create_endpoint(endpoint("ep_2")));
  REQUIRE(store->create_endpoint(endpoint("ep_3", {"*"}, "acme")));
  REQUIRE(enqueue(*store, message("msg_1", "a")));
  REQUIRE(enqueue(*store, acme_message("msg_2", "b")));
  REQUIRE(enqueue(*store, message("msg_3", "b")));
  check_messages(*store);
  check_filters(*store);
}

void check_closing(const MakeStore& make) {
  const auto store = make();
  SECTION("after close every call says so, and closing again is fine") {
    store->close();
    store->close();
    CHECK(store->claim({"s", "k"}, kNow, 60s).error().code == ErrorCode::closed);
    CHECK(store->complete({"s", "k"}, {}, "", kNow, 1h).error().code == ErrorCode::closed);
    CHECK(store->accept(event("e"), "e", "", kNow, 1h).error().code == ErrorCode::closed);
    CHECK(store->list_events({}).error().code == ErrorCode::closed);
    CHECK(store->create_endpoint(endpoint("ep_1")).error().code == ErrorCode::closed);
    CHECK(enqueue(*store, message("msg_1")).error().code == ErrorCode::closed);
    CHECK(store->claim_due(kNow, 1, 60s).error().code == ErrorCode::closed);
    CHECK(store->reap_deliveries(kNow).error().code == ErrorCode::closed);
    CHECK(store->reap_events(kNow).error().code == ErrorCode::closed);
    CHECK(store->replay(1, false, kNow).error().code == ErrorCode::closed);
    CHECK(record_one(*store, {}).error().code == ErrorCode::closed);
  }
  SECTION("a store says what it is") { CHECK_FALSE(store->info().backend.empty()); }
}

}  // namespace webhookcore::conformance
