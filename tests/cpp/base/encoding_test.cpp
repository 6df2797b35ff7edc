#include "webhookcore/base/encoding.h"

#include <array>
#include <cctype>
#include <utility>

#include "catch.h"
#include "webhookcore/base/random.h"

using namespace webhookcore;

TEST_CASE("base64 and hex agree with the examples of RFC 4648") {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    CHECK(encode_base64(bytes) == text);
    CHECK(decode_base64(text) == bytes);
  }
  CHECK(encode_hex("foobar") == "666f6f626172");
  CHECK(decode_hex("666f6f626172") == "foobar");
}

TEST_CASE("whatever was encoded decodes to the same bytes") {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string bytes = random.bytes(size);
    CHECK(decode_hex(encode_hex(bytes)) == bytes);
    std::string text = encode_base64(bytes);
    CHECK(decode_base64(text) == bytes);
    text.erase(text.find_last_not_of('=') + 1);
    CHECK(decode_base64(text, Padding::optional) == bytes);
  }
}

TEST_CASE("hex refuses an odd length, a foreign character and the other case") {
  CHECK_FALSE(decode_hex("0"));
  CHECK_FALSE(decode_hex("AB"));
  CHECK(decode_hex("aB", HexCase::any) == "\xAB");
  for (int byte = 0; byte < 256; ++byte) {
    const bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
    CAPTURE(byte);
    CHECK(decode_hex(std::string{'0', static_cast<char>(byte)}).has_value() == digit);
    CHECK(decode_hex(std::string{static_cast<char>(byte), '0'}).has_value() == digit);
  }
}

// All 2^24 texts of four characters would take long; every last group of one
// and of two bytes is small enough to try them all.
TEST_CASE("of all spellings of a last base64 group exactly one is accepted") {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  int one_byte = 0;
  int two_bytes = 0;
  for (const char a : digits) {
    for (const char b : digits) {
      const std::string pair{a, b};
      if (const auto bytes = decode_base64(pair + "==")) {
        ++one_byte;
        if (encode_base64(*bytes) != pair + "==") FAIL(pair);
      }
      for (const char c : digits) {
        if (const auto bytes = decode_base64(pair + c + "=")) {
          ++two_bytes;
          if (encode_base64(*bytes) != pair + c + "=") FAIL(pair << c);
        }
      }
    }
  }
  CHECK(one_byte == 256);
  CHECK(two_bytes == 256 * 256);
}

TEST_CASE("base64 refuses foreign characters and padding in the wrong place") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'A', static_cast<char>(byte), 'A', 'A'};
    const bool digit = std::isalnum(byte) != 0 || byte == '+' || byte == '/';
    CAPTURE(byte);
    CHECK(decode_base64(text).has_value() == digit);
  }
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "=", "Zg==Zg==", "Zm9v====", "Zm9v=",
                           " Zm9v", "Zm9v\n", "Zm9-", "Zm9_", "Z=8=", "Zh==", "Zm9="}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64(text));
  }
}

TEST_CASE("base64url has its own two digits, no padding and no other spelling") {
  CHECK(encode_base64url("\xFB\xEF\xFF") == "--__");
  CHECK(decode_base64url("--__") == "\xFB\xEF\xFF");
  const std::pair<const char*, const char*> examples[] = {
      {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}};
  for (const auto& [bytes, text] : examples) {
    CHECK(encode_base64url(bytes) == text);
    CHECK(decode_base64url(text) == bytes);
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'A', static_cast<char>(byte), 'A', 'A'};
    const bool digit = (byte < 128 && std::isalnum(byte) != 0) || byte == '-' || byte == '_';
    CAPTURE(byte);
    CHECK(decode_base64url(text).has_value() == digit);
  }
  for (const char* text : {"Zg==", "Zm8=", "Z", "Zm9vY", "=", "Zh", "Zm9", "Zg\n", " Zg"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64url(text));
  }
  SeededRandom random(2);
  for (std::size_t size = 0; size < 100; ++size) {
    const std::string bytes = random.bytes(size);
    CHECK(decode_base64url(encode_base64url(bytes)) == bytes);
  }
}

TEST_CASE("a secret's padding may be missing, but not half missing") {
  CHECK(decode_base64("Zg", Padding::optional) == "f");
  CHECK(decode_base64("Zg==", Padding::optional) == "f");
  CHECK(decode_base64("Zh", Padding::optional) == "f");  // Bits left over are dropped.
  for (const char* text : {"Zg=", "Z", "Zm9vY", "Zg ", "=", "A==="}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64(text, Padding::optional));
  }
}

TEST_CASE("decoding into a buffer never writes past its end") {
  std::array<char, 4> buffer{'x', 'x', 'x', 'x'};
  const std::span<char> three(buffer.data(), 3);
  CHECK(decode_hex_into(three, "616263") == 3);
  CHECK(decode_base64_into(three, "YWJj") == 3);
  CHECK_FALSE(decode_hex_into(three, "61626364"));
  CHECK_FALSE(decode_base64_into(three, "YWJjZA=="));
  CHECK(decode_base64url_into(three, "YWJj") == 3);
  CHECK_FALSE(decode_base64url_into(three, "YWJjZA"));
  CHECK(buffer[3] == 'x');
}
