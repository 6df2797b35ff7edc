#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

Endpoint full_endpoint() {
  Endpoint made = endpoint("ep_full", {"order.*", "a,b:c"}, "acme");
  made.uid = "mine";
  made.description = "caf\xc3\xa9";
  made.schemes = {"standard", "github"};
  made.secrets = {{Secret("whsec_BBBB"), kNow, std::nullopt},
                  {Secret("whsec_AAAA"), kNow - 24h, kNow + 24h}};
  made.headers = {{"X-Key", "a: b, c\xff"}, {"X-Empty", ""}};
  made.retry_schedule = {0ms, 1s, 24h};
  made.retry_jitter = 0.25;
  made.max_attempts = 3;
  made.timeout = 30s;
  made.rate_limit_per_second = 0.5;
  made.fifo = true;
  made.breaker_failures = 0;
  made.breaker_open_for = 90s;
  return made;
}

void check_same(const Endpoint& left, const Endpoint& right) {
  CHECK(left.id == right.id);
  CHECK(left.tenant == right.tenant);
  CHECK(left.uid == right.uid);
  CHECK(left.url == right.url);
  CHECK(left.description == right.description);
  CHECK(left.events == right.events);
  CHECK(left.schemes == right.schemes);
  REQUIRE(left.secrets.size() == right.secrets.size());
  for (std::size_t i = 0; i < left.secrets.size(); ++i) {
    CHECK(left.secrets[i].text.reveal() == right.secrets[i].text.reveal());
    CHECK(left.secrets[i].created_at == right.secrets[i].created_at);
    CHECK(left.secrets[i].expires_at == right.secrets[i].expires_at);
  }
  REQUIRE(left.headers.size() == right.headers.size());
  for (std::size_t i = 0; i < left.headers.size(); ++i) {
    CHECK(left.headers[i].name == right.headers[i].name);
    CHECK(left.headers[i].value == right.headers[i].value);
  }
  CHECK(left.retry_schedule == right.retry_schedule);
  CHECK(left.retry_jitter == right.retry_jitter);
  CHECK(left.max_attempts == right.max_attempts);
  CHECK(left.timeout == right.timeout);
  CHECK(left.rate_limit_per_second == right.rate_limit_per_second);
  CHECK(left.fifo == right.fifo);
  CHECK(left.breaker_failures == right.breaker_failures);
  CHECK(left.breaker_open_for == right.breaker_open_for);
  CHECK(left.state == right.state);
  CHECK(left.disabled_reason == right.disabled_reason);
  CHECK(left.created_at == right.created_at);
  CHECK(left.updated_at == right.updated_at);
}

void check_uids(Store& store) {
  Endpoint first = endpoint("ep_1");
  first.uid = "shop";
  REQUIRE(store.create_endpoint(first));

  SECTION("a uid is unique in its tenant, and no tenant is a scope too") {
    Endpoint other = endpoint("ep_2");
    other.uid = "shop";
    const auto refused = store.create_endpoint(other);
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().field == "uid");
    CHECK_FALSE(*store.get_endpoint("ep_2"));
    other.tenant = "";
    CHECK(store.create_endpoint(other));
    Endpoint third = endpoint("ep_3", {"*"}, "acme");
    third.uid = "shop";
    CHECK(store.create_endpoint(third));
    CHECK((*store.find_endpoint_by_uid(std::nullopt, "shop"))->id == "ep_1");
    CHECK((*store.find_endpoint_by_uid("", "shop"))->id == "ep_2");
    CHECK((*store.find_endpoint_by_uid("acme", "shop"))->id == "ep_3");
    CHECK_FALSE(*store.find_endpoint_by_uid("else", "shop"));
  }
  SECTION("an update cannot take another endpoint's uid") {
    Endpoint other = endpoint("ep_2");
    REQUIRE(store.create_endpoint(other));
    other.uid = "shop";
    const auto refused = store.update_endpoint(other, kNow);
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().field == "uid");
    CHECK_FALSE((*store.get_endpoint("ep_2"))->uid);
  }
  SECTION("a deleted endpoint's uid is free") {
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    CHECK_FALSE(*store.find_endpoint_by_uid(std::nullopt, "shop"));
    Endpoint other = endpoint("ep_2");
    other.uid = "shop";
    CHECK(store.create_endpoint(other));
  }
}

void check_changes_at_once(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_1")));
  const Endpoint seen = **store.get_endpoint("ep_1");

  SECTION("what was changed since it was read is not overwritten") {
    Endpoint first = seen;
    first.description = "first";
    REQUIRE(store.update_endpoint(first, kNow + 1s));
    const auto version = *store.endpoints_version();
    Endpoint second = seen;
    second.description = "second";
    const auto refused = store.update_endpoint(second, kNow + 2s);
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().field == "updated_at");
    CHECK((*store.get_endpoint("ep_1"))->description == "first");
    CHECK(*store.endpoints_version() == version);
    second.updated_at = (*store.get_endpoint("ep_1"))->updated_at;
    CHECK(store.update_endpoint(second, kNow + 2s));
  }
  SECTION("two changes of one millisecond are two, and a clock that goes back is none") {
    for (const TimePoint now : {kNow, kNow, kNow - 1h}) {
      const TimePoint last = (*store.get_endpoint("ep_1"))->updated_at;
      const auto written = overwrite(store, seen, now);
      REQUIRE(written);
      CHECK(*written == last + 1ms);
      CHECK((*store.get_endpoint("ep_1"))->updated_at == *written);
      CHECK(store.update_endpoint(seen, now).error().code == ErrorCode::conflict);
    }
  }
  SECTION("a change that began before a 410 does not take the endpoint back") {
    REQUIRE(enqueue(store, message("msg_1")));
    AttemptRecord gone =
        record(store.claim_due(kNow, 1, 60s)->front(), DeliverySignal::failed_for_good);
    gone.disable_reason = "gone";
    REQUIRE(record_one(store, gone, kNow));
    CHECK((*store.get_endpoint("ep_1"))->updated_at == kNow + 1ms);
    CHECK(store.update_endpoint(seen, kNow).error().code == ErrorCode::conflict);
    CHECK((*store.get_endpoint("ep_1"))->state == EndpointState::disabled);
  }
}

}  // namespace

void check_endpoints(const MakeStore& make) {
  const auto store = make();

  SECTION("an endpoint comes back as it was stored") {
    const Endpoint made = full_endpoint();
    REQUIRE(store->create_endpoint(made));
    const auto read = store->get_endpoint(made.id);
    REQUIRE((read && *read));
    check_same(**read, made);
  }
  SECTION("an update replaces every field") {
    Endpoint made = full_endpoint();
    REQUIRE(store->create_endpoint(made));
    Endpoint changed = endpoint(made.id);
    const auto updated_at = store->update_endpoint(changed, kNow + 1h);
    REQUIRE(updated_at);
    CHECK(*updated_at == kNow + 1h);
    changed.updated_at = *updated_at;
    check_same(**store->get_endpoint(made.id), changed);
  }
  SECTION("an id is given once") {
    REQUIRE(store->create_endpoint(endpoint("ep_1")));
    CHECK(store->create_endpoint(endpoint("ep_1")).error().code == ErrorCode::conflict);
  }
  SECTION("what does not exist is not found") {
    CHECK_FALSE(*store->get_endpoint("ep_no"));
    CHECK(store->update_endpoint(endpoint("ep_no"), kNow).error().code == ErrorCode::not_found);
    CHECK(store->delete_endpoint("ep_no", kNow).error().code == ErrorCode::not_found);
  }
  SECTION("a deleted endpoint is gone from every reading") {
    REQUIRE(store->create_endpoint(endpoint("ep_1")));
    REQUIRE(store->delete_endpoint("ep_1", kNow));
    CHECK_FALSE(*store->get_endpoint("ep_1"));
    CHECK(store->list_endpoints({})->empty());
    CHECK(store->update_endpoint(endpoint("ep_1"), kNow).error().code == ErrorCode::not_found);
    CHECK(store->delete_endpoint("ep_1", kNow).error().code == ErrorCode::not_found);
  }
  SECTION("the version changes with every change, and only then") {
    const auto empty = *store->endpoints_version();
    REQUIRE(store->create_endpoint(endpoint("ep_1")));
    const auto created = *store->endpoints_version();
    CHECK(created != empty);
    CHECK(*store->endpoints_version() == created);
    REQUIRE(store->update_endpoint(endpoint("ep_1"), kNow));
    const auto updated = *store->endpoints_version();
    CHECK(updated != created);
    REQUIRE(store->delete_endpoint("ep_1", kNow));
    CHECK(*store->endpoints_version() != updated);
  }
  SECTION("endpoints are listed by id, tenant, state and cursor") {
    REQUIRE(store->create_endpoint(endpoint("ep_2", {"*"}, "acme")));
    REQUIRE(store->create_endpoint(endpoint("ep_1")));
    Endpoint disabled = endpoint("ep_3");
    disabled.state = EndpointState::disabled;
    REQUIRE(store->create_endpoint(disabled));
    const auto all = store->list_endpoints({});
    REQUIRE(all->size() == 3);
    CHECK((*all)[0].id == "ep_1");
    CHECK((*all)[2].id == "ep_3");
    EndpointFilter filter;
    filter.tenant.emplace(std::nullopt);
    CHECK(store->list_endpoints(filter)->size() == 2);
    filter.tenant.emplace("acme");
    CHECK(store->list_endpoints(filter)->front().id == "ep_2");
    filter.tenant.emplace("");
    CHECK(store->list_endpoints(filter)->empty());
    CHECK(store->list_endpoints({.state = EndpointState::disabled})->front().id == "ep_3");
    CHECK(store->list_endpoints({.after_id = "ep_1"})->size() == 2);
    CHECK(store->list_endpoints({.limit = 1})->size() == 1);
  }
  SECTION("uids") { check_uids(*store); }
  SECTION("changes at once") { check_changes_at_once(*store); }
}

}  // namespace webhookcore::conformance
