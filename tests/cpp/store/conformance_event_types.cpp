#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

EventType event_type(const std::string& name) {
  return {.name = name,
          .description = "about " + name,
          .schema = R"({"type":"object"})",
          .created_at = kNow,
          .updated_at = kNow};
}

NewMessage checked_by(const std::string& id, std::int64_t version) {
  NewMessage made = message(id);
  made.event_types_version = version;
  return made;
}

void check_changes(Store& store) {
  SECTION("event types are listed by name, with all that was given") {
    REQUIRE(store.create_event_type(event_type("order.paid")));
    REQUIRE(store.create_event_type(event_type("order.created")));
    const auto listed = store.list_event_types();
    REQUIRE(listed->types.size() == 2);
    CHECK(listed->types[0].name == "order.created");
    CHECK(listed->types[1].description == "about order.paid");
    CHECK(listed->types[1].schema == R"({"type":"object"})");
    CHECK_FALSE(listed->types[1].archived);
    CHECK(listed->types[1].created_at == kNow);
  }
  SECTION("a name is there once") {
    REQUIRE(store.create_event_type(event_type("a")));
    const auto second = store.create_event_type(event_type("a"));
    CHECK(second.error().code == ErrorCode::conflict);
    CHECK(second.error().field == "name");
  }
  SECTION("a change is refused when somebody was faster") {
    EventType row = event_type("a");
    REQUIRE(store.create_event_type(row));
    row.archived = true;
    const auto changed_at = store.update_event_type(row, kNow);
    REQUIRE(changed_at);
    CHECK(*changed_at == kNow + 1ms);
    CHECK(store.list_event_types()->types[0].archived);
    CHECK(store.update_event_type(row, kNow).error().field == "updated_at");
    row.updated_at = *changed_at;
    row.archived = false;
    CHECK(store.update_event_type(row, kNow + 1h));
    CHECK(store.list_event_types()->types[0].updated_at == kNow + 1h);
  }
  SECTION("what is not there cannot be changed or deleted") {
    CHECK(store.update_event_type(event_type("a"), kNow).error().code == ErrorCode::not_found);
    CHECK(store.delete_event_type("a").error().code == ErrorCode::not_found);
  }
}

void check_versions(Store& store) {
  SECTION("the version is 0 exactly while there is no event type") {
    CHECK(store.list_event_types()->version == 0);
    REQUIRE(store.create_event_type(event_type("a")));
    const std::int64_t first = store.list_event_types()->version;
    CHECK(first != 0);
    REQUIRE(store.create_event_type(event_type("b")));
    CHECK(store.list_event_types()->version != first);
    REQUIRE(store.delete_event_type("a"));
    REQUIRE(store.delete_event_type("b"));
    CHECK(store.list_event_types()->version == 0);
  }
  SECTION("a message that was checked by another catalogue is not stored") {
    REQUIRE(enqueue(store, checked_by("msg_1", 0)));
    REQUIRE(store.create_event_type(event_type("a")));
    const auto late = enqueue(store, checked_by("msg_2", 0));
    CHECK(late.error().code == ErrorCode::conflict);
    CHECK(late.error().field == "event_types_version");
    CHECK_FALSE(*store.get_message("msg_2"));
    CHECK(enqueue(store, checked_by("msg_2", store.list_event_types()->version)));
    CHECK(enqueue(store, message("msg_3")));
  }
  SECTION("a repeated idempotency key finds its message under any catalogue") {
    NewMessage first = checked_by("msg_1", 0);
    first.idempotency_key = "k";
    REQUIRE(enqueue(store, first));
    REQUIRE(store.create_event_type(event_type("a")));
    first.message.id = "msg_2";
    CHECK(enqueue(store, first)->message_id == "msg_1");
  }
}

}  // namespace

void check_event_types(const MakeStore& make) {
  const auto store = make();
  check_changes(*store);
  check_versions(*store);
}

}  // namespace webhookcore::conformance
