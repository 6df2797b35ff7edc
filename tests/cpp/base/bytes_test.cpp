#include "webhookcore/base/bytes.h"

#include <string>

#include "catch.h"

using namespace webhookcore;

TEST_CASE("header names are compared without ASCII case and nothing else") {
  CHECK(equals_ignoring_case("Webhook-ID", "webhook-id"));
  CHECK_FALSE(equals_ignoring_case("webhook-id", "webhook-id "));
  CHECK_FALSE(equals_ignoring_case("\xC4", "\xE4"));  // Latin-1 A and a with dots.
  CHECK_FALSE(equals_ignoring_case("@", "`"));        // 0x20 apart, but no letters.
  CHECK(to_lower_ascii("X-Hub \xC4[") == "x-hub \xC4[");
}

TEST_CASE("visible ASCII has neither spaces nor controls nor high bytes") {
  CHECK(is_visible_ascii("msg_1.a~!"));
  for (const char* text : {"", "a b", "a\t", "\x7F", "\xE9"}) CHECK_FALSE(is_visible_ascii(text));
}

TEST_CASE("control bytes are 0x00 to 0x1F and 0x7F") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'a', static_cast<char>(byte)};
    CAPTURE(byte);
    CHECK(has_control_byte(text) == (byte < 0x20 || byte == 0x7F));
  }
}

TEST_CASE("a decimal is digits alone, without leading zero, within its length") {
  CHECK(parse_decimal("0", 12) == 0);
  CHECK(parse_decimal("1700000000", 12) == 1'700'000'000);
  CHECK(parse_decimal("999999999999999999", 18) == 999'999'999'999'999'999);
  for (const char* text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1e9", "1.0", "0x1", "1_0",
                           "\xB2", "1234567890123"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_decimal(text, 12));
  }
}
