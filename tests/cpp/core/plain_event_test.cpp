#include "webhookcore/core/plain_event.h"

#include "catch.h"
#include "core/signing_tools.h"

using namespace webhookcore;
using namespace webhookcore::test;
using namespace std::chrono_literals;

namespace {

using Kind = EventPlace::Kind;

const std::string kBody = R"({"id":"evt_1","type":"order.paid","action":"now"})";
const std::string kSecret = "secret number 1";

PlainEventRules rules() {
  PlainEventRules rules;
  rules.identity.id = {{Kind::body, "id"}};
  rules.identity.type = {{Kind::body, "type"}};
  rules.max_body = 1000;
  return rules;
}

// Signed for `body`; `more` comes behind the signature.
std::optional<PlainEvent> read(const PlainEventRules& rules, const std::string& body = kBody,
                               const std::vector<OwnedHeader>& more = {}, Duration later = {}) {
  auto headers = sign_with(*find_scheme("stripe"), {kSecret}, {.body = body, .timestamp = kNow});
  headers.insert(headers.end(), more.begin(), more.end());
  std::vector<Header> views;
  for (const OwnedHeader& header : headers) views.push_back({header.name, header.value});
  const Verifier verifier = make_verifier("stripe", {kSecret});
  return read_plain_event(rules, verifier, {.body = body, .headers = views}, kNow + later);
}

}  // namespace

TEST_CASE("an ordinary event is verified, identified and stripped of credentials") {
  auto wanted = rules();
  wanted.secret_header = "x-token";
  const auto event = read(wanted, kBody,
                          {{"Authorization", "Bearer"},
                           {"COOKIE", "a"},
                           {"X-Token", "secret"},
                           {"Webhookcore-Reconciled", "1"},
                           {"X-Kept", "yes"},
                           {"X-Request-Id", "req-7"}});
  REQUIRE(event);
  CHECK(event->identity.id == "evt_1");
  CHECK(event->identity.type == "order.paid");
  CHECK(event->identity.key == "evt_1");
  CHECK(event->accepted.timestamp == kNow);
  CHECK(event->has_correlation_id);
  REQUIRE(event->headers.size() == 3);
  CHECK(event->headers[1].name == "X-Kept");
  CHECK_FALSE(read(rules())->has_correlation_id);
}

TEST_CASE("what is refused, or has to be looked at, is left to the long way") {
  CHECK_FALSE(read(rules(), kBody, {}, 301s));
  CHECK_FALSE(read(rules(), kBody, {{"Stripe-Signature", "t=1,v1=ff"}}));
  CHECK_FALSE(read(rules(), kBody, {{"content-encoding", "identity"}}));
  CHECK_FALSE(read(rules(), kBody, {{"content-length", "7"}}));
  CHECK(read(rules(), kBody, {{"content-length", std::to_string(kBody.size())}}));
  CHECK_FALSE(read(rules(), std::string(1001, 'x')));
  CHECK_FALSE(read(rules(), R"({"id":"needs \" escapes"})"));
  CHECK_FALSE(read(rules(), "{\"id\":\"\xc3\xa9\"}"));
}

TEST_CASE("an event without an id is one where its provider has such") {
  auto wanted = rules();
  CHECK_FALSE(read(wanted, "{}")->identity.key);
  wanted.needs_id = true;
  CHECK_FALSE(read(wanted, "{}"));
}

TEST_CASE("a type that the source does not take is left to the long way") {
  auto wanted = rules();
  wanted.types = {{"invoice.*"}};
  CHECK_FALSE(read(wanted));
  wanted.types = {{"invoice.*", "order.*"}};
  CHECK(read(wanted));
}

TEST_CASE("schemes that sign the URL are never ordinary") {
  CHECK(can_be_plain(*find_scheme("stripe")));
  CHECK_FALSE(can_be_plain(*find_scheme("twilio")));
  CHECK_FALSE(can_be_plain(*find_scheme("square")));
  CHECK_FALSE(can_be_plain(*find_scheme("rfc9421")));
}

TEST_CASE("ids, types and keys come from headers and from the body, the first text first") {
  IdentityRules places;
  places.id = {{Kind::header, "X-Id"}, {Kind::body, "data.id"}, {Kind::body, "id"}};
  places.type = {{Kind::header, "X-Type", "only"}, {Kind::body, "type"}};
  places.suffix = {{Kind::body, "action"}};
  const auto of = [&](const std::vector<Header>& headers) {
    return identify_event(places, kBody, headers);
  };
  CHECK(of({})->id == "evt_1");
  CHECK(of({})->type == "order.paid.now");
  CHECK(of({{"x-id", "one"}, {"X-ID", "two"}})->id == "one");
  CHECK(of({{"x-id", ""}})->id == "evt_1");
  CHECK(of({{"x-type", "other"}})->type == "order.paid.now");
  CHECK(of({{"x-type", "only"}})->type == "only.now");
  CHECK_FALSE(of({{"x-id", "caf\xe9"}}));
  CHECK_FALSE(of({{"x-id", "?", false}}));
}

TEST_CASE("a key of several parts is JSON, and there is none without the first part") {
  IdentityRules places;
  places.id = {{Kind::body, "id"}};
  places.key = {{{Kind::body, "type"}, {Kind::body, "id"}}, {{Kind::header, "X-Part"}}};
  const auto key_of = [&](std::string_view body, const std::vector<Header>& headers) {
    return identify_event(places, body, headers)->key;
  };
  CHECK(key_of(kBody, {{"x-part", "b c"}}) == R"(["order.paid", "b c"])");
  CHECK(key_of(kBody, {}) == R"(["order.paid", ""])");
  CHECK(key_of(R"({"id":"x"})", {}) == R"(["x", ""])");
  CHECK_FALSE(key_of("{}", {{"x-part", "b"}}));
  const std::vector<Header> quoted = {{"x-part", "\""}};
  CHECK_FALSE(identify_event(places, kBody, quoted));
  places.key.pop_back();
  CHECK(key_of(kBody, {}) == "order.paid");
  places.key = {{{Kind::header, "X-Part"}}};
  CHECK(key_of(kBody, {{"x-part", "b"}}) == "b");
  const std::vector<Header> latin = {{"x-part", "caf\xe9"}};
  CHECK_FALSE(identify_event(places, kBody, latin));
}
