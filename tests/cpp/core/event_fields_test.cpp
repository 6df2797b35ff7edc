#include "webhookcore/core/event_fields.h"

#include "catch.h"
#include "webhookcore/base/random.h"

using namespace webhookcore;

namespace {

std::optional<std::string> field(std::string_view body, std::string_view path) {
  return find_event_fields(body, std::span(&path, 1)).at(0);
}

}  // namespace

TEST_CASE("each path gets its own value, and a path that leads nowhere none") {
  const std::string_view paths[] = {"id", "data.event.type", "data.none", "id.more", "data", ""};
  const auto values =
      find_event_fields(R"({"id":"evt_1","data":{"event":{"type":"order.paid"}}})", paths);
  CHECK(values[0] == "evt_1");
  CHECK(values[1] == "order.paid");
  for (std::size_t i = 2; i < values.size(); ++i) CHECK_FALSE(values[i]);
  CHECK(find_event_fields("{}", {}).empty());
}

TEST_CASE("numbers and booleans come as JSON writes them, other kinds not at all") {
  CHECK(field(R"({"id":42})", "id") == "42");
  CHECK(field(R"({"id":-7})", "id") == "-7");
  CHECK(field(R"({"id":18446744073709551615})", "id") == "18446744073709551615");
  CHECK(field(R"({"id":true})", "id") == "true");
  CHECK(field(R"({"id":""})", "id") == "");
  for (const char* body : {R"({"id":null})", R"({"id":[1]})", R"({"id":{}})"}) {
    CAPTURE(body);
    CHECK_FALSE(field(body, "id"));
  }
}

TEST_CASE("a number of any length is its text as written") {
  for (const std::string& number :
       {std::string("18446744073709551616"), std::string("-9223372036854775809"),
        std::string("1.50"), std::string("1E3"), std::string("-0.0"), std::string("1e999"),
        std::string(5000, '7')}) {
    CAPTURE(number);
    CHECK(field("{\"id\":" + number + "}", "id") == number);
    CHECK(field("{\"data\":{\"id\":[1,2],\"key\" : " + number + " }}", "data.key") == number);
  }
}

TEST_CASE("a large number beside it changes no other value") {
  const std::string body =
      R"({"value":340282366920938463463374607431768211456,"id":"evt \"9\"","at":1700000000,)"
      R"("live":true,"none":null,"list":[1e400,-1],"7":"seven"})";
  CHECK(field(body, "id") == "evt \"9\"");
  CHECK(field(body, "at") == "1700000000");
  CHECK(field(body, "live") == "true");
  CHECK(field(body, "7") == "seven");
  CHECK_FALSE(field(body, "none"));
  CHECK_FALSE(field(body, "list"));
  CHECK_FALSE(field(body, "value.more"));
}

TEST_CASE("a large number makes no JSON of what is none") {
  const std::string large = "18446744073709551616";
  for (const std::string& body :
       {"{" + large + ":1,\"id\":\"a\"}", "{\"id\":" + large, "{\"id\":0" + large + "}",
        "{\"id\":+" + large + "}", "{\"id\":" + large + ".}", "{\"id\":" + large + "e}",
        "{\"id\":" + large + " 1}", "{\"id\":" + large + "}}", "{\"id\":" + large + ",}",
        "{\"id\":" + large + ",\"b\":NaN}", "{\"id\":-" + large + "-1}",
        "{\"id\":" + large + ",\"b\":.5}", "{\"id\":" + large + ",\"b\":\"}", "[" + large + "]",
        large}) {
    CAPTURE(body);
    CHECK_FALSE(field(body, "id"));
  }
}

TEST_CASE("escapes are resolved and of a repeated key the last value counts") {
  CHECK(field(R"({"id":"a\u00e9\n\"b"})", "id") == "a\xC3\xA9\n\"b");
  CHECK(field(R"({"id":"first","id":"last"})", "id") == "last");
  CHECK(field(R"({"data":{"id":"x"},"data":{"id":"y"}})", "data.id") == "y");
  CHECK(field(R"({"i\u0064":"escaped key"})", "id") == "escaped key");
}

TEST_CASE("a body that is no JSON object has no fields") {
  for (const char* body :
       {"", " ", "null", "[]", "\"id\"", "42", "{", "{\"id\":\"a\"", "{\"id\":\"a\"}}",
        "{\"id\":\"\xFF\"}", "\xEF\xBB\xBF{\"id\":\"a\"}", "id=a", "{'id':'a'}", "{\"id\":\"a\",}",
        "{\"id\":NaN}", "{\"id\":\"\\ud800\"}", "{\"id\":\"a\nb\"}"}) {
    CAPTURE(body);
    CHECK_FALSE(field(body, "id"));
  }
  CHECK_FALSE(field(std::string_view("{\"id\":\"a\"}\0", 11), "id"));
}

TEST_CASE("white space around the object does no harm") {
  CHECK(field("\r\n {\"id\" : \"a\"} \n", "id") == "a");
}

TEST_CASE("any depth and any bytes are survived") {
  const std::size_t deep = 200'000;
  CHECK_FALSE(field(std::string(deep, '['), "id"));
  std::string nested;
  for (std::size_t i = 0; i < deep; ++i) nested += "{\"id\":";
  CHECK_FALSE(field(nested + "1" + std::string(deep, '}'), "id"));

  SeededRandom random(3);
  const std::string sound = R"({"id":"evt_1","data":{"list":[1,2.5,true,null,"x"]}})";
  for (int i = 0; i < 20'000; ++i) {
    std::string body = sound;
    for (int n = 0; n < 3; ++n)
      body[random.draw() % body.size()] = static_cast<char>(random.draw());
    body.resize(random.draw() % 2 == 0 ? body.size() : random.draw() % body.size());
    const auto value = field(body, "id");
    if (value && value->size() > body.size()) FAIL("longer than its body");
  }
}

TEST_CASE("fields that have to be texts are read as texts or not at all") {
  constexpr std::string_view names[] = {"a", "b"};
  CHECK(find_text_fields(R"({"a":"x","b":""})", names) == EventFields{"x", ""});
  CHECK(find_text_fields(R"({"a":null,"c":1})", names) == EventFields{std::nullopt, std::nullopt});
  CHECK(find_text_fields(R"({"a":1,"a":"last"})", names) == EventFields{"last", std::nullopt});
  for (const char* body :
       {R"({"a":"x","b":1})", R"({"a":true})", R"({"b":1.5})", R"({"b":[]})", R"({"b":{}})",
        R"({"b":18446744073709551616})", R"({"a":"x","a":false})", "[]", "", "{"}) {
    CAPTURE(body);
    CHECK_FALSE(find_text_fields(body, names));
  }
}

TEST_CASE("the first member beside a named one is found") {
  CHECK(first_other_member(R"({"update_id":1,"message":{},"poll":{}})", "update_id") == "message");
  CHECK(first_other_member(R"({"po\u006cl":{},"update_id":1})", "update_id") == "poll");
  CHECK_FALSE(first_other_member(R"({"update_id":1})", "update_id"));
  for (const char* body : {"{}", "[]", "", "{"}) CHECK_FALSE(first_other_member(body, "a"));
}

TEST_CASE("a large body is read, and a small one after it") {
  const std::string large = R"({"pad":")" + std::string(3'000'000, 'x') + R"(","id":"big"})";
  CHECK(field(large, "id") == "big");
  CHECK(field(R"({"id":"small"})", "id") == "small");
}
