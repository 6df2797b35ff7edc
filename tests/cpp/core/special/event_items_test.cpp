#include <array>

#include "catch.h"
#include "webhookcore/core/event_fields.h"

using namespace webhookcore;

namespace {

constexpr std::array<std::string_view, 2> kPaths{"id", "amount.value"};

}  // namespace

TEST_CASE("the fields of every item of an array are found in its order") {
  const auto items =
      find_in_items(R"({"a":{"items":[{"id":"x","amount":{"value":5}},{"id":true},7,{}]}})",
                    "a.items", kPaths, 9);
  REQUIRE(items);
  REQUIRE(items->size() == 4);
  CHECK((*items)[0] == EventFields{"x", "5"});
  CHECK((*items)[1] == EventFields{"true", std::nullopt});
  CHECK((*items)[2] == EventFields{std::nullopt, std::nullopt});
  CHECK((*items)[3] == EventFields{std::nullopt, std::nullopt});
}

TEST_CASE("no more items are read than were asked for") {
  CHECK(find_in_items(R"({"a":[{},{},{}]})", "a", kPaths, 2)->size() == 2);
  CHECK(find_in_items(R"({"a":[]})", "a", kPaths, 2)->empty());
}

TEST_CASE("there are no items where there is no array") {
  CHECK_FALSE(find_in_items(R"({"a":{}})", "a", kPaths, 2));
  CHECK_FALSE(find_in_items(R"({"b":[]})", "a", kPaths, 2));
  CHECK_FALSE(find_in_items("[{}]", "a", kPaths, 2));
  CHECK_FALSE(find_in_items("", "a", kPaths, 2));
}

TEST_CASE("a field that is null or an object is there all the same") {
  const std::string body = R"({"a":null,"b":{"c":[]},"d":1.5})";
  for (const char* path : {"a", "b", "b.c", "d"}) CHECK(has_event_field(body, path));
  for (const char* path : {"", "c", "a.c", "b.c.d"}) CHECK_FALSE(has_event_field(body, path));
  CHECK_FALSE(has_event_field("nothing", "a"));
  CHECK(is_json_object("{}"));
  CHECK_FALSE(is_json_object("[]"));
  CHECK_FALSE(is_json_object("{"));
}
