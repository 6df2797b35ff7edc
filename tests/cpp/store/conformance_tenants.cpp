#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

NewMessage of_tenant(const std::string& id, const std::optional<std::string>& tenant = "acme") {
  NewMessage made = message(id);
  made.message.tenant = tenant;
  return made;
}

void check_rows(Store& store) {
  SECTION("limits are kept as they were given, and replaced whole") {
    REQUIRE(store.set_tenant_limits("acme", {10, 0.5, 3}));
    CHECK(**store.get_tenant_limits("acme") == TenantLimits{10, 0.5, 3});
    REQUIRE(store.set_tenant_limits("acme", {{}, 2.0, {}}));
    CHECK(**store.get_tenant_limits("acme") == TenantLimits{{}, 2.0, {}});
    CHECK_FALSE(*store.get_tenant_limits("other"));
  }
  SECTION("those with limits of their own are listed by name") {
    REQUIRE(store.set_tenant_limits("", {1, {}, {}}));
    REQUIRE(store.set_tenant_limits("b", {2, {}, {}}));
    REQUIRE(store.set_tenant_limits("a", {3, {}, {}}));
    const auto first = store.list_tenant_limits({.limit = 1});
    REQUIRE(first->size() == 1);
    CHECK(first->at(0).tenant == "a");
    CHECK(first->at(0).limits == TenantLimits{3, {}, {}});
    const auto rest = store.list_tenant_limits({.after = "a"});
    REQUIRE(rest->size() == 1);
    CHECK(rest->at(0).tenant == "b");
  }
  SECTION("limits that are not there cannot be cleared") {
    CHECK(store.clear_tenant_limits("acme").error().code == ErrorCode::not_found);
    REQUIRE(store.set_tenant_limits("acme", {1, {}, {}}));
    REQUIRE(store.clear_tenant_limits("acme"));
    CHECK_FALSE(*store.get_tenant_limits("acme"));
  }
}

void check_backlog(Store& store) {
  REQUIRE(store.create_endpoint(endpoint("ep_1", {"*"}, "acme")));
  REQUIRE(store.create_endpoint(endpoint("ep_2", {"*"}, "other")));
  SECTION("a tenant whose backlog is full is refused by its name, and others are not") {
    REQUIRE(store.set_tenant_limits("acme", {2, {}, {}}));
    REQUIRE(enqueue(store, of_tenant("msg_1")));
    REQUIRE(enqueue(store, of_tenant("msg_2")));
    const auto refused = enqueue(store, of_tenant("msg_3"));
    CHECK(refused.error().code == ErrorCode::tenant_limit);
    CHECK(refused.error().field == "max_backlog");
    CHECK(refused.error().tenant == "acme");
    CHECK_FALSE(*store.get_message("msg_3"));
    CHECK(*store.count_tenant_backlog("acme", 10) == 2);
    CHECK(*store.count_tenant_backlog("acme", 1) == 1);
    CHECK(enqueue(store, of_tenant("msg_4", "other")));
    CHECK(enqueue(store, of_tenant("msg_5", std::nullopt)));
  }
  SECTION("what is delivered makes room") {
    REQUIRE(store.set_tenant_limits("acme", {1, {}, {}}));
    send_one(store, of_tenant("msg_1"));
    REQUIRE(record_one(store, record(claim_one(store), DeliverySignal::succeeded)));
    CHECK(*store.count_tenant_backlog("acme", 10) == 0);
    CHECK(enqueue(store, of_tenant("msg_2"), kNow + 1s));
    CHECK_FALSE(enqueue(store, of_tenant("msg_3"), kNow + 1s));
  }
  SECTION("of messages that come together none is stored when one is refused") {
    REQUIRE(store.set_tenant_limits("acme", {1, {}, {}}));
    REQUIRE(enqueue(store, of_tenant("msg_1")));
    const std::vector<NewMessage> batch{of_tenant("msg_2", "other"), of_tenant("msg_3")};
    const auto results = store.enqueue(batch, kNow);
    CHECK(results.at(0).error().code == ErrorCode::tenant_limit);
    CHECK(results.at(1).error().code == ErrorCode::tenant_limit);
    CHECK_FALSE(*store.get_message("msg_2"));
  }
  SECTION("what was accepted somewhere else is counted and not refused") {
    REQUIRE(store.set_tenant_limits("acme", {1, {}, {}}));
    REQUIRE(enqueue(store, of_tenant("msg_1")));
    NewMessage relayed = of_tenant("msg_2");
    relayed.refusable = false;
    REQUIRE(enqueue(store, relayed));
    CHECK(*store.count_tenant_backlog("acme", 10) == 2);
  }
  SECTION("a repeated idempotency key finds its message though the tenant is full") {
    REQUIRE(store.set_tenant_limits("acme", {1, {}, {}}));
    NewMessage first = of_tenant("msg_1");
    first.idempotency_key = "k";
    REQUIRE(enqueue(store, first));
    first.message.id = "msg_2";
    CHECK(enqueue(store, first)->message_id == "msg_1");
  }
  SECTION("the default holds for every tenant that has no limits of its own") {
    REQUIRE(store.set_tenant_limits("", {1, {}, {}}));
    REQUIRE(store.set_tenant_limits("acme", {{}, {}, 5}));
    REQUIRE(enqueue(store, of_tenant("msg_1")));
    CHECK(enqueue(store, of_tenant("msg_2")));
    REQUIRE(enqueue(store, of_tenant("msg_3", "other")));
    CHECK_FALSE(enqueue(store, of_tenant("msg_4", "other")));
  }
  SECTION("neither operational events nor the scope without a tenant have limits") {
    REQUIRE(store.set_tenant_limits("", {1, 0.001, 1}));
    const std::string alerts{kAlertsTenant};
    REQUIRE(store.create_endpoint(endpoint("ep_3", {"*"}, alerts)));
    REQUIRE(store.create_endpoint(endpoint("ep_4", {"*"}, alerts)));
    for (const char* id : {"msg_1", "msg_2"}) CHECK(enqueue(store, of_tenant(id, alerts)));
    for (const char* id : {"msg_3", "msg_4"}) CHECK(enqueue(store, of_tenant(id, std::nullopt)));
  }
}

void check_rate(Store& store) {
  SECTION("a tenant sends a second's worth at once and then at its rate") {
    REQUIRE(store.set_tenant_limits("acme", {{}, 2.0, {}}));
    REQUIRE(enqueue(store, of_tenant("msg_1")));
    REQUIRE(enqueue(store, of_tenant("msg_2")));
    const auto refused = enqueue(store, of_tenant("msg_3"));
    CHECK(refused.error().field == "rate_limit");
    CHECK(refused.error().tenant == "acme");
    CHECK(refused.error().retry_after_ms == 500);
    CHECK(enqueue(store, of_tenant("msg_3"), kNow + 500ms));
    CHECK(enqueue(store, of_tenant("msg_4", "other")));
  }
  SECTION("a batch comes in whole, and what comes next waits for all of it") {
    REQUIRE(store.set_tenant_limits("acme", {{}, 1.0, {}}));
    const std::vector<NewMessage> batch{of_tenant("msg_1"), of_tenant("msg_2"), of_tenant("msg_3")};
    for (const auto& result : store.enqueue(batch, kNow)) CHECK(result);
    CHECK(enqueue(store, of_tenant("msg_4")).error().retry_after_ms == 3000);
    CHECK(enqueue(store, of_tenant("msg_4"), kNow + 3s));
  }
  SECTION("a clock that is set back does not shut a tenant out") {
    REQUIRE(store.set_tenant_limits("acme", {{}, 1.0, {}}));
    REQUIRE(enqueue(store, of_tenant("msg_1")));
    const TimePoint earlier = kNow - std::chrono::hours{1};
    CHECK(enqueue(store, of_tenant("msg_2"), earlier));
    CHECK_FALSE(enqueue(store, of_tenant("msg_3"), earlier));
    CHECK(enqueue(store, of_tenant("msg_3"), earlier + 1s));
  }
  SECTION("a sender that read the clock before another gets nothing more for it") {
    REQUIRE(store.set_tenant_limits("acme", {{}, 1.0, {}}));
    REQUIRE(enqueue(store, of_tenant("msg_1")));
    CHECK_FALSE(enqueue(store, of_tenant("msg_2"), kNow - 5s));
  }
  SECTION("a refused message takes nothing from the rate") {
    REQUIRE(store.set_tenant_limits("acme", {{}, 1.0, {}}));
    REQUIRE(enqueue(store, of_tenant("msg_1")));
    for (int i = 0; i < 5; ++i) CHECK_FALSE(enqueue(store, of_tenant("msg_2"), kNow + 100ms));
    CHECK(enqueue(store, of_tenant("msg_2"), kNow + 1s));
  }
}

void check_endpoints_limit(Store& store) {
  SECTION("a tenant has no more endpoints than it may") {
    REQUIRE(store.set_tenant_limits("acme", {{}, {}, 1}));
    REQUIRE(store.create_endpoint(endpoint("ep_1", {"*"}, "acme")));
    const auto refused = store.create_endpoint(endpoint("ep_2", {"*"}, "acme"));
    CHECK(refused.error().code == ErrorCode::tenant_limit);
    CHECK(refused.error().field == "max_endpoints");
    CHECK(store.create_endpoint(endpoint("ep_3", {"*"}, "other")));
    CHECK(store.create_endpoint(endpoint("ep_4")));
    REQUIRE(store.delete_endpoint("ep_1", kNow));
    CHECK(store.create_endpoint(endpoint("ep_5", {"*"}, "acme")));
  }
}

}  // namespace

void check_tenants(const MakeStore& make) {
  const auto store = make();
  check_rows(*store);
  check_backlog(*store);
}

void check_tenant_rates(const MakeStore& make) {
  const auto store = make();
  check_rate(*store);
  check_endpoints_limit(*store);
}

}  // namespace webhookcore::conformance
