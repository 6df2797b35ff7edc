#include <set>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

std::set<std::string> endpoints_of(Store& store, const Enqueued& enqueued) {
  std::set<std::string> ids;
  for (const std::int64_t key : enqueued.deliveries) {
    const auto row = store.get_delivery(key);
    REQUIRE((row && *row));
    ids.insert((*row)->endpoint_id);
  }
  return ids;
}

void check_fan_out(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_all")));
  REQUIRE(store.create_endpoint(endpoint("ep_order", {"order.*", "refund"})));
  REQUIRE(store.create_endpoint(endpoint("ep_acme", {"*"}, "acme")));
  Endpoint disabled = endpoint("ep_off");
  disabled.state = EndpointState::disabled;
  REQUIRE(store.create_endpoint(disabled));

  SECTION("a message goes to the enabled endpoints of its tenant that subscribe") {
    const auto order = enqueue(store, message("msg_1", "order.item.added"));
    REQUIRE(order);
    CHECK(order->message_id == "msg_1");
    CHECK_FALSE(order->duplicate);
    CHECK(endpoints_of(store, *order) == std::set<std::string>{"ep_all", "ep_order"});
    CHECK(endpoints_of(store, *enqueue(store, message("msg_2", "orders"))) ==
          std::set<std::string>{"ep_all"});
    NewMessage acme = message("msg_3", "order.created");
    acme.message.tenant = "acme";
    CHECK(endpoints_of(store, *enqueue(store, acme)) == std::set<std::string>{"ep_acme"});
    acme = message("msg_4");
    acme.message.tenant = "";
    CHECK(enqueue(store, acme)->deliveries.empty());
  }
  SECTION("a message that nobody subscribes to is stored without deliveries") {
    NewMessage lonely = message("msg_1");
    lonely.message.tenant = "nobody";
    CHECK(enqueue(store, lonely)->deliveries.empty());
    CHECK((*store.get_message("msg_1"))->body == lonely.message.body);
  }
  SECTION("a change of the endpoints counts from the next message on") {
    CHECK(enqueue(store, message("msg_1", "x"))->deliveries.size() == 1);
    REQUIRE(store.create_endpoint(endpoint("ep_new", {"x"})));
    CHECK(enqueue(store, message("msg_2", "x"))->deliveries.size() == 2);
    REQUIRE(store.delete_endpoint("ep_all", kNow));
    CHECK(enqueue(store, message("msg_3", "x"))->deliveries.size() == 1);
    Endpoint changed = endpoint("ep_new", {"y"});
    REQUIRE(overwrite(store, changed));
    CHECK(enqueue(store, message("msg_4", "x"))->deliveries.empty());
  }
  SECTION("a new delivery is pending and due now") {
    const auto sent = enqueue(store, message("msg_1", "x"), kNow + 1s);
    const auto row = *store.get_delivery(sent->deliveries.front());
    CHECK(row->state == DeliveryState::pending);
    CHECK(row->next_attempt_at == kNow + 1s);
    CHECK(row->message_id == "msg_1");
    CHECK(row->type == "x");
    CHECK(row->attempts == 0);
    CHECK_FALSE(row->last_status);
    CHECK(row->created_at == kNow + 1s);
  }
}

void check_keys(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_1")));
  NewMessage first = message("msg_1");
  first.idempotency_key = "order-7";
  first.fingerprint = std::string("\0\xff", 2);
  const auto sent = enqueue(store, first);
  REQUIRE(sent);

  NewMessage again = message("msg_2");
  again.idempotency_key = "order-7";
  again.fingerprint = first.fingerprint;

  SECTION("a repeated key returns the first message and stores nothing") {
    const auto repeated = enqueue(store, again, kNow + 23h);
    REQUIRE(repeated);
    CHECK(repeated->duplicate);
    CHECK(repeated->message_id == "msg_1");
    CHECK(repeated->deliveries == sent->deliveries);
    CHECK_FALSE(*store.get_message("msg_2"));
    CHECK(store.count_deliveries({})->pending == 1);
  }
  SECTION("the same key with other content is a conflict") {
    again.fingerprint = "other";
    const auto refused = enqueue(store, again);
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().field == "idempotency_key");
    CHECK_FALSE(*store.get_message("msg_2"));
  }
  SECTION("after 24 hours the key is new") {
    const auto later = enqueue(store, again, kNow + 24h);
    CHECK_FALSE(later->duplicate);
    CHECK(later->message_id == "msg_2");
    CHECK(enqueue(store, again, kNow + 25h)->message_id == "msg_2");
  }
  SECTION("each tenant has its own keys") {
    again.message.tenant = "acme";
    CHECK_FALSE(enqueue(store, again)->duplicate);
    again.message.id = "msg_3";
    again.message.tenant = "";
    CHECK_FALSE(enqueue(store, again)->duplicate);
  }
  SECTION("expired keys are pruned") {
    CHECK(*store.prune_keys(kNow + 23h, 10) == 0);
    CHECK(*store.prune_keys(kNow + 24h, 10) == 1);
  }
}

void check_batches(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_1")));

  SECTION("of many messages only the one that conflicts fails") {
    std::vector<NewMessage> batch{message("msg_1"), message("msg_2"), message("msg_3"),
                                  message("msg_4"), message("msg_1")};
    batch[0].idempotency_key = "k";
    batch[1].idempotency_key = "k";  // Other fingerprint.
    batch[2].idempotency_key = "k";
    batch[2].fingerprint = batch[0].fingerprint;
    const auto results = store.enqueue(batch, kNow);
    REQUIRE(results.size() == 5);
    CHECK(results[0]);
    CHECK(results[1].error().code == ErrorCode::conflict);
    CHECK(results[2].value().duplicate);
    CHECK(results[2].value().message_id == "msg_1");
    CHECK(results[3]);
    CHECK(results[4].error().code == ErrorCode::conflict);
    CHECK(store.list_messages({})->size() == 2);
    CHECK(store.count_deliveries({})->pending == 2);
  }
  SECTION("nothing is nothing") { CHECK(store.enqueue({}, kNow).empty()); }
  SECTION("a body is bytes, empty and large ones too") {
    NewMessage odd = message("msg_odd");
    odd.message.body = std::string("\0\xff\xfe\r\n", 5);
    odd.message.content_type = "application/octet-stream";
    NewMessage empty = message("msg_empty");
    empty.message.body.clear();
    NewMessage large = message("msg_large");
    large.message.body = std::string(3'000'000, 'x');
    for (const NewMessage& sent : {odd, empty, large}) {
      REQUIRE(enqueue(store, sent));
      const auto read = *store.get_message(sent.message.id);
      CHECK((read->body == sent.message.body));
      CHECK(read->content_type == sent.message.content_type);
    }
  }
}

}  // namespace

void check_enqueue(const MakeStore& make) {
  const auto store = make();
  SECTION("fan-out") { check_fan_out(*store); }
  SECTION("idempotency keys") { check_keys(*store); }
  SECTION("batches") { check_batches(*store); }
}

}  // namespace webhookcore::conformance
