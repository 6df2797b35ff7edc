#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

std::vector<std::string> ids_of(const PolledMessages& polled) {
  std::vector<std::string> ids;
  for (const Message& message : polled.messages) ids.push_back(message.id);
  return ids;
}

using Ids = std::vector<std::string>;

void send(Store& store, const std::string& id, const std::string& type,
          std::optional<std::string> tenant = {}, std::vector<std::string> channels = {}) {
  NewMessage made = message(id, type);
  made.message.tenant = std::move(tenant);
  made.message.channels = std::move(channels);
  REQUIRE(enqueue(store, made));
}

void check_batches(Store& store) {
  SECTION("batches follow each other without a gap or a repeat, oldest first") {
    const auto first = store.poll_messages({.limit = 2});
    CHECK(ids_of(*first) == Ids{"msg_1", "msg_2"});
    CHECK(first->messages[0].body == message("msg_1").message.body);
    const auto second = store.poll_messages({.after_key = first->next_key, .limit = 2});
    CHECK(ids_of(*second) == Ids{"msg_3", "msg_4"});
    const auto third = store.poll_messages({.after_key = second->next_key, .limit = 2});
    CHECK(third->messages.empty());
    CHECK(third->next_key == second->next_key);
    send(store, "msg_5", "a");
    CHECK(ids_of(*store.poll_messages({.after_key = third->next_key})) == Ids{"msg_5"});
  }
  SECTION("what does not match is passed, and not looked at again") {
    const auto polled = store.poll_messages({.events = {"a"}});
    CHECK(ids_of(*polled) == Ids{"msg_1"});
    CHECK(polled->next_key == store.poll_messages({})->next_key);
  }
  SECTION("the scope without a tenant is a tenant of its own") {
    PollFilter nobody;
    nobody.tenant.emplace(std::nullopt);
    CHECK(ids_of(*store.poll_messages(nobody)) == Ids{"msg_1", "msg_2"});
    PollFilter acme;
    acme.tenant.emplace("acme");
    CHECK(ids_of(*store.poll_messages(acme)) == Ids{"msg_3", "msg_4"});
  }
  SECTION("a consumer of channels gets what names one of them") {
    CHECK(ids_of(*store.poll_messages({.channels = {"eu", "us"}})) == Ids{"msg_4"});
    CHECK(store.poll_messages({.channels = {"us"}})->messages.empty());
    CHECK(store.poll_messages({.channels = {"eu"}})->messages[0].channels == Ids{"eu", "vip"});
  }
  SECTION("a limit of nothing asks nothing") {
    CHECK(store.poll_messages({.after_key = 7, .limit = 0})->next_key == 7);
  }
}

void check_channels(Store& store) {
  SECTION("an endpoint with channels gets only messages that name one of them") {
    Endpoint eu = endpoint("ep_eu");
    eu.channels = {"eu", "asia"};
    REQUIRE(store.create_endpoint(eu));
    REQUIRE(store.create_endpoint(endpoint("ep_all")));
    CHECK((*store.get_endpoint("ep_eu"))->channels == Ids{"eu", "asia"});
    NewMessage sent = message("msg_6", "a");
    CHECK(enqueue(store, sent)->deliveries.size() == 1);
    sent.message.id = "msg_7";
    sent.message.channels = {"us"};
    CHECK(enqueue(store, sent)->deliveries.size() == 1);
    sent.message.id = "msg_8";
    sent.message.channels = {"us", "asia"};
    CHECK(enqueue(store, sent)->deliveries.size() == 2);
    CHECK((*store.get_message("msg_8"))->channels == Ids{"us", "asia"});
  }
}

}  // namespace

void check_polling(const MakeStore& make) {
  const auto store = make();
  send(*store, "msg_1", "a");
  send(*store, "msg_2", "b");
  send(*store, "msg_3", "b", "acme");
  send(*store, "msg_4", "c", "acme", {"eu", "vip"});
  check_batches(*store);
  check_channels(*store);
}

}  // namespace webhookcore::conformance
