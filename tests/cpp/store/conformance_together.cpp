#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

void check_together(const MakeStore& make) {
  const auto store = make();
  REQUIRE(store->create_endpoint(endpoint("ep_1")));

  SECTION("calls of every kind are kept together, and each has its answer") {
    std::optional<Result<Enqueued>> sent;
    std::optional<Result<AcceptResult>> accepted;
    std::optional<Result<ClaimResult>> claimed;
    REQUIRE(store->together([&](Store& inside) {
      sent = enqueue(inside, message("msg_1"));
      accepted = inside.accept(event("evt_1"), "evt_1", "", kNow, 24h);
      claimed = inside.claim({"stripe", "evt_2"}, kNow, 60s);
    }));
    CHECK((*sent)->deliveries.size() == 1);
    CHECK((*accepted)->kind == AcceptResult::Kind::accepted);
    CHECK((*claimed)->kind == ClaimResult::Kind::won);
    CHECK(store->complete({"stripe", "evt_2"}, (*claimed)->token, "", kNow, 24h));
    CHECK(*store->get_message("msg_1"));
    CHECK(store->list_events({})->size() == 1);
  }
  SECTION("a call that is refused fails alone") {
    std::vector<Result<Enqueued>> sent;
    REQUIRE(store->together([&](Store& inside) {
      sent.push_back(enqueue(inside, message("msg_1")));
      sent.push_back(enqueue(inside, message("msg_1")));
      sent.push_back(enqueue(inside, message("msg_2")));
    }));
    CHECK(sent[0]);
    CHECK(sent[1].error().code == ErrorCode::conflict);
    CHECK(sent[2]);
    CHECK(store->list_messages({})->size() == 2);
    CHECK(store->count_deliveries({})->pending == 2);
  }
  SECTION("of a call that is refused nothing stays") {
    Endpoint first = endpoint("ep_first");
    first.uid = "shop";
    REQUIRE(store->create_endpoint(first));
    std::optional<ErrorCode> refused;
    REQUIRE(store->together([&](Store& inside) {
      Endpoint second = endpoint("ep_second");
      second.uid = "shop";
      refused = inside.create_endpoint(second).error().code;
      REQUIRE(enqueue(inside, message("msg_1")));
    }));
    CHECK(refused == ErrorCode::conflict);
    CHECK_FALSE(*store->get_endpoint("ep_second"));
    CHECK(*store->get_message("msg_1"));
  }
  SECTION("a call sees what the ones before it did") {
    std::optional<AcceptResult::Kind> again;
    bool found = false;
    REQUIRE(store->together([&](Store& inside) {
      REQUIRE(inside.accept(event("evt_1"), "evt_1", "", kNow, 24h));
      again = inside.accept(event("evt_1"), "evt_1", "", kNow, 24h)->kind;
      REQUIRE(enqueue(inside, message("msg_1")));
      found = inside.get_message("msg_1")->has_value();
    }));
    CHECK(again == AcceptResult::Kind::duplicate);
    CHECK(found);
  }
  SECTION("in a full inbox what was stored before is a duplicate, and what is new is refused") {
    std::vector<Result<AcceptResult>> found;
    REQUIRE(store->accept(event("evt_1"), "evt_1", "", kNow, 24h));
    store->set_max_inbox(1);
    REQUIRE(store->together([&](Store& inside) {
      for (const char* id : {"evt_1", "evt_2", "evt_1"}) {
        found.push_back(inside.accept(event(id), id, "", kNow, 24h));
      }
    }));
    CHECK(found[0]->kind == AcceptResult::Kind::duplicate);
    CHECK(found[1].error().code == ErrorCode::store_full);
    CHECK(found[2]->kind == AcceptResult::Kind::duplicate);
    CHECK(store->list_events({})->size() == 1);
  }
  SECTION("nothing together is nothing") {
    REQUIRE(store->together([](Store&) {}));
    REQUIRE(store->together([](Store& inside) { REQUIRE(inside.together([](Store&) {})); }));
  }
  SECTION("a closed store makes no calls") {
    store->close();
    bool called = false;
    CHECK(store->together([&](Store&) { called = true; }).error().code == ErrorCode::closed);
    CHECK_FALSE(called);
  }
}

void check_leading(const MakeStore& make) {
  const auto store = make();

  SECTION("whoever leads is told so again, until it stops") {
    CHECK(*store->lead());
    CHECK(*store->lead());
    CHECK_FALSE(store->leader());
    store->stop_leading();
    store->stop_leading();
    CHECK(*store->lead());
  }
  SECTION("a closed store does not lead") {
    store->close();
    CHECK(store->lead().error().code == ErrorCode::closed);
  }
}

}  // namespace webhookcore::conformance
