#include "webhookcore/core/special/structured_fields.h"
#include "catch.h"

using namespace webhookcore::special;

namespace {

// The value of `a`, as type and text.
std::string value_of(const std::string& text) {
  const auto members = parse_dictionary("a=" + text);
  if (!members) return "refused";
  const FieldValue& value = members->front().items.front().value;
  constexpr const char* names[] = {"integer", "decimal", "string", "token", "bytes", "boolean"};
  return std::string(names[static_cast<int>(value.type)]) + " " + value.text;
}

bool is_refused(const std::string& text) { return !parse_dictionary(text).has_value(); }

}  // namespace

TEST_CASE("each kind of structured value is read as its own") {
  CHECK(value_of("0") == "integer 0");
  CHECK(value_of("-42") == "integer -42");
  CHECK(value_of("999999999999999") == "integer 999999999999999");
  CHECK(value_of("1.5") == "decimal 1.5");
  CHECK(value_of("\"a b\"") == "string a b");
  CHECK(value_of(R"("\"\\")") == R"(string "\)");
  CHECK(value_of("*tok/en:x") == "token *tok/en:x");
  CHECK(value_of(":QUJD:") == "bytes ABC");
  CHECK(value_of("::") == "bytes ");
  CHECK(value_of("?0") == "boolean 0");
  CHECK(value_of("?1") == "boolean 1");
}

TEST_CASE("a structured value that is not whole or not of its kind is refused") {
  for (const char* text : {"",
                           "-",
                           "1000000000000000",
                           "1.",
                           "1.2345",
                           "1234567890123.1",
                           "-.5",
                           "\"",
                           "\"a",
                           R"("\a")",
                           "\"\\",
                           "\"\t\"",
                           "\"\x7f\"",
                           "\"\xc3\xa4\"",
                           ":QUJD",
                           ":QUJ:",
                           ":QU!D:",
                           ":QUI=",
                           "?",
                           "?2",
                           "?10",
                           "(",
                           "(\"a\"",
                           "(\"a\"\"b\")",
                           "(\"a\",\"b\")",
                           "1 2",
                           "1;",
                           "1 ;a",
                           "1;A",
                           "1;a=",
                           "1;a;a",
                           "_",
                           "{}",
                           "\xff"}) {
    CAPTURE(text);
    CHECK(value_of(text) == "refused");
  }
}

TEST_CASE("a dictionary keeps what its members were written as") {
  const auto members = parse_dictionary("  a=( \"x\";n=\"y\"  \"z\" ); c=1,b ,\t*c-._9=?0;d ");
  REQUIRE(members);
  REQUIRE(members->size() == 3);
  const FieldMember& list = members->front();
  CHECK(list.is_list);
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0].written == "\"x\";n=\"y\"");
  CHECK(find_parameter(list.items[0].parameters, "n")->text == "y");
  CHECK(list.items[1].written == "\"z\"");
  CHECK(list.written == "( \"x\";n=\"y\"  \"z\" ); c=1");
  CHECK((*members)[1].items.front().value.text == "1");
  CHECK((*members)[2].key == "*c-._9");
  CHECK(find_parameter((*members)[2].parameters, "d")->text == "1");
  CHECK(find_field(*members, "b") == &(*members)[1]);
  CHECK(find_field(*members, "d") == nullptr);
}

TEST_CASE("a dictionary with a hole, a repeat or something behind it is refused") {
  CHECK_FALSE(is_refused(""));
  CHECK_FALSE(is_refused("a"));
  for (const char* text : {"a,", ",a", "a,,b", "a b", "a,a", "A=1", "=1", "a=1,b=2,a=3", "a=()x",
                           "a=1\r\n", "1", "a=1;;b", std::string_view("a\0", 2).data() + 1}) {
    if (*text == '\0') continue;
    CAPTURE(text);
    CHECK(is_refused(text));
  }
  CHECK(is_refused(std::string("a\0", 2)));
}

TEST_CASE("a dictionary has 64 members, items and parameters at most") {
  const auto repeat = [](const std::string& before, const std::string& one, int count) {
    std::string text = before;
    for (int i = 0; i < count; ++i) text += one + std::to_string(i);
    return text;
  };
  CHECK_FALSE(is_refused(repeat("a", ",k", 63)));
  CHECK(is_refused(repeat("a", ",k", 64)));
  CHECK_FALSE(is_refused(repeat("a=(", " ", 64) + ")"));
  CHECK(is_refused(repeat("a=(", " ", 65) + ")"));
  CHECK_FALSE(is_refused(repeat("a", ";k", 64)));
  CHECK(is_refused(repeat("a", ";k", 65)));
}

TEST_CASE("only printable ASCII can be put into a structured string") {
  CHECK(quote_field(R"(a"\)") == R"("a\"\\")");
  CHECK(quote_field("") == "\"\"");
  CHECK_FALSE(quote_field("a\n"));
  CHECK_FALSE(quote_field("\xc3\xa4"));
}
