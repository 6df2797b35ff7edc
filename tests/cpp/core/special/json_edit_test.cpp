#include "webhookcore/core/special/json_edit.h"
#include "catch.h"

using namespace webhookcore::special;

namespace {

std::string with(std::string json, std::string_view name, std::string_view value) {
  set_member(json, whole_value(json), name, value);
  return json;
}

std::string member(std::string_view json, std::string_view name) {
  const auto span = find_member(json, whole_value(json), name);
  return span ? std::string(json.substr(span->begin, span->end - span->begin)) : "none";
}

}  // namespace

TEST_CASE("a member is added as the last and leaves every other byte alone") {
  CHECK(with("{}", "a", "1") == R"({"a":1})");
  CHECK(with(" {\n} ", "a", "1") == " {\"a\":1\n} ");
  CHECK(with("{\"b\" : [ 1, 2 ] \n}\n", "a", "{}") == "{\"b\" : [ 1, 2 ],\"a\":{} \n}\n");
  CHECK(with(R"({"b":"}\"{"})", "a", "1") == R"({"b":"}\"{","a":1})");
}

TEST_CASE("a member that is there gets another value in its place") {
  CHECK(with(R"({"a" : "old" ,"b":1})", "a", "7") == R"({"a" : 7 ,"b":1})");
  CHECK(with(R"({"b":{"a":1},"a":[{"a":"]"}]})", "a", "7") == R"({"b":{"a":1},"a":7})");
  CHECK(with(R"({"a":1,"a":2})", "a", "7") == R"({"a":1,"a":7})");
}

TEST_CASE("members and items are found by structure and not by their text") {
  CHECK(member(R"({"x":"\"a\":1","a":-1.5e3})", "a") == "-1.5e3");
  CHECK(member(R"({"x":{"a":1}})", "a") == "none");
  CHECK(member(R"({"a":null })", "a") == "null");
  CHECK(member("[1]", "a") == "none");
  CHECK(member("", "a") == "none");
  const std::string_view json = R"( [ 1 ,"a,]", {"b":[2]},[] ])";
  const auto items = find_items(json, whole_value(json));
  REQUIRE(items.size() == 4);
  CHECK(json.substr(items[1].begin, items[1].end - items[1].begin) == R"("a,]")");
  CHECK(json.substr(items[2].begin, items[2].end - items[2].begin) == R"({"b":[2]})");
  CHECK(find_items("[]", whole_value("[]")).empty());
}

TEST_CASE("a member whose name is written with escapes is the same member") {
  CHECK(member(R"({"\u0061b":1})", "ab") == "1");
  CHECK(member(R"({"a\u002f\/":1})", "a//") == "1");
  CHECK(member(R"({"\"\\\b\f\n\r\t":1})", "\"\\\b\f\n\r\t") == "1");
  CHECK(with(R"({"\u0061":1,"b":2})", "a", "7") == R"({"\u0061":7,"b":2})");
  CHECK(with(R"({"a":1,"\u0061":2})", "a", "7") == R"({"a":1,"\u0061":7})");
  // Not one of ours: their names are ASCII.
  CHECK(member(R"({"\u00e9":1,"\u0161":2,"\ud83d\ude00":3,"a\u0000b":4})", "a") == "none");
  CHECK(member(R"({"\u0161":1,"\u006":2,"\u00g1":3,"\x61":4,"\":5})", "a") == "none");
}

TEST_CASE("a text that is no JSON is never read behind its end") {
  const std::string json = R"({"a":[{"b":"c\\"},1,{"d":{}}],"e":"f"})";
  for (std::size_t size = 0; size <= json.size(); ++size) {
    for (const char last : {'{', '[', '"', '\\', ',', ':', '}', ']', ' '}) {
      std::string text = json.substr(0, size) + last;
      text.shrink_to_fit();
      (void)find_items(text, whole_value(text));
      set_member(text, whole_value(text), "e", "1");
    }
  }
}

TEST_CASE("a text is quoted with the escapes that JSON needs") {
  CHECK(quote_json("a\"b\\c\n\x01") == R"("a\"b\\c\u000a\u0001")");
  CHECK(quote_json("") == "\"\"");
}
