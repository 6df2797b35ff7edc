#include "webhookcore/core/json_numbers.h"

#include "catch.h"

using namespace webhookcore;

TEST_CASE("every number outside of strings is taken out, in its place") {
  const auto taken = take_out_numbers(R"({"a1":-10, "b":[0.5,2E+7],"c":"\"3\\","d":1e-2})");
  REQUIRE(taken);
  CHECK(taken->json == R"({"a1":0, "b":[1,2],"c":"\"3\\","d":3})");
  CHECK(taken->numbers == std::vector<std::string_view>{"-10", "0.5", "2E+7", "1e-2"});
}

TEST_CASE("a number that is not of JSON's form is refused") {
  for (const char* text :
       {"01", "-", "-a", "1.", "1.e5", "1e", "1e+", "1-2", "1.2.3", "--1", "00", "1e5.5", "-.5"}) {
    INFO(text);
    CHECK_FALSE(take_out_numbers(text));
  }
}

TEST_CASE("text that does not end, and none at all, come back as they are") {
  CHECK(take_out_numbers("")->json.empty());
  CHECK(take_out_numbers(R"("12)")->json == R"("12)");
  CHECK(take_out_numbers(R"("12\)")->json == R"("12\)");
  CHECK(take_out_numbers("\"")->json == "\"");
}
