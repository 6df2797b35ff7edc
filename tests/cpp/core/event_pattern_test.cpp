#include "webhookcore/core/event_pattern.h"

#include <string>
#include <vector>

#include "catch.h"

using webhookcore::matches_event_pattern;
using webhookcore::wants;

TEST_CASE("a pattern without a star matches its own text alone") {
  CHECK(matches_event_pattern("order.created", "order.created"));
  CHECK_FALSE(matches_event_pattern("order.created", "order.created.v2"));
  CHECK_FALSE(matches_event_pattern("order.created", "order.create"));
  CHECK_FALSE(matches_event_pattern("order.created", "Order.created"));
  CHECK_FALSE(matches_event_pattern("", "order"));
  CHECK(matches_event_pattern("", ""));
}

TEST_CASE("a star alone matches every type") {
  CHECK(matches_event_pattern("*", "order.created"));
  CHECK(matches_event_pattern("*", ""));
  CHECK(matches_event_pattern("**", "a"));
}

TEST_CASE("a star matches dots too, and the part before it must be there") {
  CHECK(matches_event_pattern("order.*", "order.created"));
  CHECK(matches_event_pattern("order.*", "order.item.added"));
  CHECK_FALSE(matches_event_pattern("order.*", "order"));
  CHECK_FALSE(matches_event_pattern("order.*", "reorder.created"));
}

TEST_CASE("a star may stand anywhere and more than once") {
  CHECK(matches_event_pattern("*.created", "order.item.created"));
  CHECK_FALSE(matches_event_pattern("*.created", "order.created.late"));
  CHECK(matches_event_pattern("order.*.done", "order.x.done.y.done"));
  CHECK(matches_event_pattern("a*b*c", "a-b-b-c"));
  CHECK_FALSE(matches_event_pattern("a*b*c", "a-c-b"));
}

TEST_CASE("characters that mean something in other pattern languages are plain") {
  CHECK_FALSE(matches_event_pattern("order?", "orders"));
  CHECK(matches_event_pattern("[a].%_\\", "[a].%_\\"));
}

TEST_CASE("a pattern of many stars ends soon") {
  const std::string type(4000, 'a');
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "a*";
  CHECK_FALSE(matches_event_pattern(pattern + "b", type));
  CHECK(matches_event_pattern(pattern, type));
}

TEST_CASE("an endpoint without channels wants a message whatever its channels are") {
  const std::vector<std::string> patterns = {"a.*", "b"};
  const std::vector<std::string> eu = {"eu"};
  CHECK(wants({patterns}, "b", {}));
  CHECK(wants({patterns}, "a.x", eu));
  CHECK_FALSE(wants({patterns}, "c", eu));
}

TEST_CASE("an endpoint with channels wants what names one of them, and no other") {
  const std::vector<std::string> patterns = {"a"};
  const std::vector<std::string> own = {"eu", "asia"};
  const std::vector<std::string> both = {"us", "asia"};
  const std::vector<std::string> other = {"us", "EU"};
  CHECK(wants({patterns, own}, "a", both));
  CHECK_FALSE(wants({patterns, own}, "b", both));
  CHECK_FALSE(wants({patterns, own}, "a", other));
  CHECK_FALSE(wants({patterns, own}, "a", {}));
}
